import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { AppError } from '../../kernel/app-error.ts';
import type { User } from './account-repository.ts';

/** A session that is not refreshed for this long expires. */
export const SESSION_DAYS = 7;
/** How long a used refresh token still yields its successor, for concurrent tabs and lost answers. */
const REFRESH_GRACE_SECONDS = 10;
const REMEMBERED_DAYS = 30;

export type SessionEnd = 'signed_out' | 'ended_elsewhere' | 'signed_out_everywhere' | 'token_reused' | 'user_disabled';

export interface Session {
  readonly id: string;
  readonly userAgent: string;
  /** The address it started from. */
  readonly address: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
}

export interface RefreshTokenState {
  readonly sessionId: string;
  readonly userId: string;
  /** Whether the session is live: not ended, not expired, its user not disabled. */
  readonly isLive: boolean;
  /** `used`: so long ago that only a stolen copy can be presented now. */
  readonly state: 'unused' | 'just_used' | 'used';
}

/** Browser sessions and their refresh tokens. */
export const sessionRepository = (db: Queryable) => ({
  async insert(session: { userId: string; userAgent: string; address: string }): Promise<string> {
    // Sessions that ended long ago are no longer needed.
    await db.query(sql`
      delete from sessions where expires_at < db_now() - make_interval(days => ${REMEMBERED_DAYS})`);
    const [row] = await db.query<{ id: string }>(sql`
      insert into sessions (user_id, user_agent, address, expires_at)
      values (${session.userId}, ${session.userAgent}, ${session.address}, db_now() + make_interval(days => ${SESSION_DAYS}))
      returning id`);
    if (!row) throw new AppError('internal', { message: 'insert returned nothing' });
    return row.id;
  },

  async insertRefreshToken(sessionId: string, sha256: Buffer): Promise<void> {
    await db.query(sql`insert into refresh_tokens (token_sha256, session_id) values (${sha256}, ${sessionId})`);
  },

  /** The state of a refresh token, with its session locked until the transaction ends. */
  async lockByRefreshToken(sha256: Buffer): Promise<RefreshTokenState | undefined> {
    const [session] = await db.query<{ id: string }>(sql`
      select s.id from sessions s join refresh_tokens r on r.session_id = s.id where r.token_sha256 = ${sha256}
         for update of s`);
    if (!session) return undefined;
    // A separate statement, so that it sees what the previous holder of the lock committed.
    return findByRefreshToken(db, sha256);
  },

  findByRefreshToken: (sha256: Buffer) => findByRefreshToken(db, sha256),

  /** Replaces a refresh token by its successor and extends the session. */
  async rotate(sessionId: string, used: Buffer, successor: Buffer): Promise<void> {
    await db.query(sql`update refresh_tokens set used_at = db_now() where token_sha256 = ${used}`);
    await db.query(sql`insert into refresh_tokens (token_sha256, session_id) values (${successor}, ${sessionId})`);
    await db.query(sql`
      update sessions set last_used_at = db_now(), expires_at = db_now() + make_interval(days => ${SESSION_DAYS})
       where id = ${sessionId}`);
  },

  /** The user of a live session. `last_used_at` is written at most once a minute. */
  async findUser(sessionId: string): Promise<User | undefined> {
    const [row] = await db.query<User>(sql`
      with live as (
        select id, user_id, last_used_at from sessions
         where id = ${sessionId} and ended_at is null and expires_at > db_now()
      ), touched as (
        update sessions set last_used_at = db_now() from live
         where sessions.id = live.id and live.last_used_at < db_now() - interval '1 minute'
      )
      select u.id, u.github_login, u.is_admin, u.created_at
        from live join users u on u.id = live.user_id and u.disabled_at is null`);
    return row;
  },

  /** Live sessions, newest first. */
  listLive: (userId: string, page: { readonly before?: string | undefined; readonly limit: number }) =>
    db.query<Session>(sql`
      select id, user_agent, address, created_at, last_used_at, expires_at from sessions
       where user_id = ${userId} and ended_at is null and expires_at > db_now()
         and (${page.before ?? null}::uuid is null or id < ${page.before ?? null})
       order by id desc limit ${page.limit}`),

  /** Ends one of a user's sessions; false when it is not live. */
  async end(userId: string, sessionId: string, why: SessionEnd): Promise<boolean> {
    const ended = await db.query(sql`
      update sessions set ended_at = db_now(), ended_why = ${why}
       where id = ${sessionId} and user_id = ${userId} and ended_at is null and expires_at > db_now() returning 1`);
    return ended.length > 0;
  },

  /** Ends all of a user's sessions. Returns how many were live. */
  async endAll(userId: string, why: SessionEnd): Promise<number> {
    const ended = await db.query(sql`
      update sessions set ended_at = db_now(), ended_why = ${why}
       where user_id = ${userId} and ended_at is null and expires_at > db_now() returning 1`);
    return ended.length;
  },
});

async function findByRefreshToken(db: Queryable, sha256: Buffer): Promise<RefreshTokenState | undefined> {
  const [row] = await db.query<RefreshTokenState>(sql`
    select s.id as session_id, s.user_id,
           s.ended_at is null and s.expires_at > db_now() and u.disabled_at is null as is_live,
           case when r.used_at is null then 'unused'
                when r.used_at > db_now() - make_interval(secs => ${REFRESH_GRACE_SECONDS}) then 'just_used'
                else 'used' end as state
      from refresh_tokens r join sessions s on s.id = r.session_id join users u on u.id = s.user_id
     where r.token_sha256 = ${sha256}`);
  return row;
}
