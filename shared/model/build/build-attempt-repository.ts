import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

export type AttemptState = 'dispatching' | 'dispatched' | 'running' | 'finished' | 'abandoned';

/** One attempt to build a deployment. Only the deployment's current attempt is valid. */
export interface BuildAttempt {
  readonly deploymentId: string;
  readonly attempt: number;
  readonly state: AttemptState;
  readonly ticketNonce: Buffer;
  readonly redeemer: string | null;
  readonly runId: string | null;
  readonly ticketExpired: boolean;
  readonly tokensExpired: boolean;
  /** Seconds since the ticket was redeemed. */
  readonly redeemedAgo: number | null;
  /** Seconds since it was created, just before its run was requested. */
  readonly madeAgo: number;
  /** Seconds since its runner last reported, or since it was created. */
  readonly silentFor: number;
}

const columns = sql`
  deployment_id, attempt, state, ticket_nonce, redeemer, run_id, ticket_expires_at < db_now() as ticket_expired,
  coalesce(tokens_expire_at < db_now(), false) as tokens_expired,
  extract(epoch from db_now() - redeemed_at)::double precision as redeemed_ago,
  extract(epoch from db_now() - created_at)::double precision as made_ago,
  extract(epoch from db_now() - coalesce(last_seen_at, created_at))::double precision as silent_for`;

const ofAttempt = (key: AttemptKey) => sql`deployment_id = ${key.deploymentId} and attempt = ${key.attempt}`;

export interface AttemptKey {
  readonly deploymentId: string;
  readonly attempt: number;
}

/** Attempts to build a deployment: each one's run, and when it last reported. */
export const buildAttemptRepository = (db: Queryable) => ({
  /** `dispatched`: its runner already has the ticket. */
  async insert(
    key: AttemptKey,
    ticketNonce: Buffer,
    ticketSeconds: number,
    state: 'dispatching' | 'dispatched' = 'dispatching',
  ): Promise<void> {
    await db.query(sql`
      insert into build_attempts (deployment_id, attempt, state, ticket_nonce, ticket_expires_at)
      values (${key.deploymentId}, ${key.attempt}, ${state}, ${ticketNonce},
              db_now() + make_interval(secs => ${ticketSeconds}))`);
  },

  async find(key: AttemptKey): Promise<BuildAttempt | undefined> {
    const [row] = await db.query<BuildAttempt>(sql`select ${columns} from build_attempts where ${ofAttempt(key)}`);
    return row;
  },

  /** Locks the row for the rest of the transaction. Lock the deployment first: redeeming and closing an attempt hold both locks. */
  async lock(key: AttemptKey): Promise<BuildAttempt | undefined> {
    const [row] = await db.query<BuildAttempt>(sql`
      select ${columns} from build_attempts where ${ofAttempt(key)} for update`);
    return row;
  },

  /** The attempt this token is valid for. */
  async findByToken(kind: 'report' | 'publish', tokenSha256: Buffer): Promise<BuildAttempt | undefined> {
    const column = kind === 'report' ? sql`report_token_sha256` : sql`publish_token_sha256`;
    const [row] = await db.query<BuildAttempt>(sql`
      update build_attempts set last_seen_at = db_now() where ${column} = ${tokenSha256} returning ${columns}`);
    return row;
  },

  /**
   * Records the run that was started for an attempt. Returns the attempt's state afterwards: `running` when the run was quicker,
   * `abandoned` when the attempt was closed while its run was being requested.
   */
  async markDispatched(key: AttemptKey, runId: string): Promise<AttemptState | undefined> {
    const [row] = await db.query<{ state: AttemptState }>(sql`
      update build_attempts
         set run_id = ${runId}, state = case when state = 'dispatching' then 'dispatched' else state end
       where ${ofAttempt(key)} returning state`);
    return row?.state;
  },

  /**
   * Records that the provider is asked about the attempt's run now. False if it was asked less than so many seconds ago: then it is not
   * to be asked again.
   */
  async markAsked(key: AttemptKey, againAfterSeconds: number): Promise<boolean> {
    const rows = await db.query(sql`
      update build_attempts set run_asked_at = db_now()
       where ${ofAttempt(key)}
         and (run_asked_at is null or run_asked_at < db_now() - make_interval(secs => ${againAfterSeconds}))
      returning 1`);
    return rows.length > 0;
  },

  /** Gives a ticket that is not redeemed so many seconds from now. */
  async extendTicket(key: AttemptKey, seconds: number): Promise<void> {
    await db.query(sql`
      update build_attempts set ticket_expires_at = db_now() + make_interval(secs => ${seconds})
       where ${ofAttempt(key)} and redeemer is null`);
  },

  /** First redeemer wins: call it after checking, with the row locked. */
  async redeem(
    key: AttemptKey,
    redemption: { redeemer: string; reportTokenSha256: Buffer; tokenSeconds: number },
  ): Promise<void> {
    await db.query(sql`
      update build_attempts
         set state = 'running', redeemer = ${redemption.redeemer}, redeemed_at = coalesce(redeemed_at, db_now()),
             report_token_sha256 = ${redemption.reportTokenSha256},
             tokens_expire_at = coalesce(tokens_expire_at, db_now() + make_interval(secs => ${redemption.tokenSeconds})),
             last_seen_at = db_now()
       where ${ofAttempt(key)}`);
  },

  /** Grants the right to upload; returns when it expires. */
  async grantPublication(key: AttemptKey, publishTokenSha256: Buffer): Promise<Date | undefined> {
    const [row] = await db.query<{ expiresAt: Date }>(sql`
      update build_attempts set publish_token_sha256 = ${publishTokenSha256}
       where ${ofAttempt(key)} and closed_at is null
      returning tokens_expire_at as expires_at`);
    return row?.expiresAt;
  },

  /**
   * Reserves space in an attempt's log, of at most `limit` bytes in all. `granted` is how many bytes fit, `taken` what to give back if
   * they are not stored. Undefined when the log was truncated before.
   */
  async takeLogRoom(
    key: AttemptKey,
    bytes: number,
    limit: number,
  ): Promise<{ granted: number; taken: number } | undefined> {
    const [row] = await db.query<{ before: number }>(sql`
      with before as (select log_bytes from build_attempts where ${ofAttempt(key)} for update)
      update build_attempts a set log_bytes = least(a.log_bytes + ${bytes}, ${limit} + 1) from before
       where ${ofAttempt(key)} and before.log_bytes <= ${limit}
      returning before.log_bytes as before`);
    if (!row) return undefined;
    return { granted: Math.min(bytes, limit - row.before), taken: Math.min(bytes, limit + 1 - row.before) };
  },

  async giveLogRoomBack(key: AttemptKey, bytes: number): Promise<void> {
    await db.query(sql`
      update build_attempts set log_bytes = greatest(0, log_bytes - ${bytes}) where ${ofAttempt(key)}`);
  },

  /** Ends an attempt: its tokens are refused from here on. Lock the deployment first. */
  async close(key: AttemptKey, state: 'finished' | 'abandoned'): Promise<void> {
    await db.query(sql`
      update build_attempts set state = ${state}, closed_at = coalesce(closed_at, db_now()) where ${ofAttempt(key)}`);
  },

  /** The answer to an earlier report, with the hash of that report. */
  async findReport(key: AttemptKey, seq: number): Promise<{ bodySha256: Buffer; answer: unknown } | undefined> {
    const [row] = await db.query<{ bodySha256: Buffer; answer: unknown }>(sql`
      select body_sha256, answer from build_reports where ${ofAttempt(key)} and seq = ${seq}`);
    return row;
  },

  /** Deletes the reports on deployments that ended more than this many days ago. Returns how many, at most `limit`. */
  async forgetReports(endedDaysAgo: number, limit: number): Promise<number> {
    const rows = await db.query(sql`
      delete from build_reports r using (
        select x.deployment_id, x.attempt, x.seq from build_reports x join deployments d on d.id = x.deployment_id
         where d.finished_at < db_now() - make_interval(days => ${endedDaysAgo}) limit ${limit}) old
       where (r.deployment_id, r.attempt, r.seq) = (old.deployment_id, old.attempt, old.seq)
      returning 1`);
    return rows.length;
  },

  async insertReport(
    key: AttemptKey,
    report: { seq: number; kind: string; bodySha256: Buffer; answer: unknown },
  ): Promise<void> {
    await db.query(sql`
      insert into build_reports (deployment_id, attempt, seq, kind, body_sha256, answer)
      values (${key.deploymentId}, ${key.attempt}, ${report.seq}, ${report.kind}, ${report.bodySha256},
              ${JSON.stringify(report.answer)}::jsonb)`);
  },
});
