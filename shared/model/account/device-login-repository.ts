import type { Scope } from '../../contracts/scopes.ts';
import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** How long a sign-in request waits for approval. */
export const DEVICE_LOGIN_MINUTES = 15;
/** Polling interval; a client that polls sooner must wait five seconds more from then on (RFC 8628 §3.5). */
export const DEVICE_POLL_SECONDS = 5;

/** A client waiting for approval. */
export interface DeviceLogin {
  readonly id: string;
  readonly userCode: string;
  /** The name the client gave itself, unverified. */
  readonly clientName: string;
  readonly address: string;
  /** The scopes it requests; the approver decides. */
  readonly scopes: readonly Scope[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** The state of a sign-in request when its client polls. */
export interface DeviceLoginProgress {
  readonly id: string;
  readonly clientName: string;
  readonly state: 'pending' | 'denied' | 'approved' | 'over';
  readonly askedTooSoon: boolean;
  readonly intervalSeconds: number;
  /** Who answered it; null until then. */
  readonly userId: string | null;
  readonly scopes: readonly Scope[];
}

/** Pending device sign-ins (RFC 8628). */
export const deviceLoginRepository = (db: Queryable) => ({
  /** Undefined when another pending request has this user code. */
  async insert(login: {
    deviceCodeSha256: Buffer;
    userCode: string;
    clientName: string;
    address: string;
    scopes: readonly Scope[];
  }): Promise<DeviceLogin | undefined> {
    await db.query(sql`delete from device_logins where expires_at < db_now() - interval '1 day'`);
    const [row] = await db.query<DeviceLogin>(sql`
      insert into device_logins (device_code_sha256, user_code, client_name, address, scopes, expires_at, interval_seconds)
      values (${login.deviceCodeSha256}, ${login.userCode}, ${login.clientName}, ${login.address}, ${login.scopes},
              db_now() + make_interval(mins => ${DEVICE_LOGIN_MINUTES}), ${DEVICE_POLL_SECONDS})
      on conflict (user_code) do nothing
      returning id, user_code, client_name, address, scopes, created_at, expires_at`);
    return row;
  },

  /** A request that is still pending. */
  async findWaiting(userCode: string): Promise<DeviceLogin | undefined> {
    const [row] = await db.query<DeviceLogin>(sql`
      select id, user_code, client_name, address, scopes, created_at, expires_at from device_logins
       where user_code = ${userCode} and approved_at is null and denied_at is null and expires_at > db_now()`);
    return row;
  },

  /** False when it was answered meanwhile or has expired. */
  async approve(id: string, userId: string, scopes: readonly Scope[]): Promise<boolean> {
    const rows = await db.query(sql`
      update device_logins set approved_at = db_now(), user_id = ${userId}, scopes = ${scopes}
       where id = ${id} and approved_at is null and denied_at is null and expires_at > db_now() returning 1`);
    return rows.length > 0;
  },

  async deny(id: string, userId: string): Promise<boolean> {
    const rows = await db.query(sql`
      update device_logins set denied_at = db_now(), user_id = ${userId}
       where id = ${id} and approved_at is null and denied_at is null and expires_at > db_now() returning 1`);
    return rows.length > 0;
  },

  /** Locks the request and records the poll; a client that polled too soon must wait longer from then on. */
  async poll(deviceCodeSha256: Buffer): Promise<DeviceLoginProgress | undefined> {
    const [row] = await db.query<DeviceLoginProgress>(sql`
      with asking as (
        select id, coalesce(last_polled_at > db_now() - make_interval(secs => interval_seconds), false) as asked_too_soon
          from device_logins where device_code_sha256 = ${deviceCodeSha256} for update
      )
      update device_logins d
         set last_polled_at = db_now(), interval_seconds = d.interval_seconds + case when asked_too_soon then 5 else 0 end
        from asking where d.id = asking.id
      returning d.id, d.client_name, d.interval_seconds, asked_too_soon, d.user_id, d.scopes,
        case when d.redeemed_at is not null or d.expires_at <= db_now() then 'over'
             when d.denied_at is not null then 'denied'
             when d.approved_at is not null then 'approved'
             else 'pending' end as state`);
    return row;
  },

  async markRedeemed(id: string): Promise<void> {
    await db.query(sql`update device_logins set redeemed_at = db_now() where id = ${id}`);
  },
});
