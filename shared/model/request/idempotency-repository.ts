import { randomUUID } from 'node:crypto';
import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** A request with an idempotency key: whose key, and what it asks for. */
export interface KeyedRequest {
  readonly principal: string;
  readonly key: string;
  readonly operation: string;
  readonly requestSha256: Buffer;
}

/** The sealing context of an answer. */
export const answerContext = ({ principal, key }: Pick<KeyedRequest, 'principal' | 'key'>) =>
  `idempotency:${principal}:${key}`;

/** The key is ours; or taken by a different request; or by the same request, which is running or answered. */
export type Claim =
  | { readonly state: 'claimed'; readonly claim: string }
  | { readonly state: 'reused' }
  | { readonly state: 'running'; readonly secondsLeft: number }
  | { readonly state: 'answered'; readonly answerSealed: string };

/** How long an answer is remembered. */
const KEPT = sql`interval '24 hours'`;

/** Requests with an `Idempotency-Key`, and what was answered, for 24 hours. */
export const idempotencyRepository = (db: Queryable) => ({
  /**
   * Claims a key for a number of seconds: a holder that takes longer has crashed, and the same request may run again. An expired key may
   * be reused for anything.
   */
  async claim({ principal, key, operation, requestSha256 }: KeyedRequest, leaseSeconds: number): Promise<Claim> {
    const claim = randomUUID();
    interface Row {
      claimed: boolean;
      same: boolean;
      answerSealed: string | null;
      secondsLeft: number;
    }
    const [row] = await db.query<Row>(sql`
      with claimed as (
        insert into idempotency_keys as k (principal, key, operation, request_sha256, claim, locked_until)
        values (${principal}, ${key}, ${operation}, ${requestSha256}, ${claim},
                db_now() + make_interval(secs => ${leaseSeconds}))
        on conflict (principal, key) do update
           set operation = excluded.operation, request_sha256 = excluded.request_sha256, claim = excluded.claim,
               locked_until = excluded.locked_until, answer_sealed = null, created_at = excluded.created_at
         where k.created_at <= db_now() - ${KEPT}
            or (k.answer_sealed is null and k.locked_until <= db_now()
                and k.operation = excluded.operation and k.request_sha256 = excluded.request_sha256)
        returning 1
      )
      select true as claimed, true as same, null::text as answer_sealed, 0::float8 as seconds_left from claimed
      union all
      select false, k.operation = ${operation} and k.request_sha256 = ${requestSha256}, k.answer_sealed,
             extract(epoch from k.locked_until - db_now())::float8
        from idempotency_keys k
       where k.principal = ${principal} and k.key = ${key} and not exists (select 1 from claimed)`);
    if (row?.claimed) return { state: 'claimed', claim };
    // No row: it was taken while this statement ran.
    if (!row) return { state: 'running', secondsLeft: 1 };
    if (!row.same) return { state: 'reused' };
    if (row.answerSealed !== null) return { state: 'answered', answerSealed: row.answerSealed };
    return { state: 'running', secondsLeft: row.secondsLeft };
  },

  /** Stores the answer, unless the key is held by another claim by now. */
  async answer(claim: string, { principal, key }: KeyedRequest, answerSealed: string): Promise<void> {
    await db.query(sql`
      update idempotency_keys set answer_sealed = ${answerSealed}
       where principal = ${principal} and key = ${key} and claim = ${claim}`);
  },

  /** Releases the key: the same request may run again at once. */
  async release(claim: string, { principal, key }: KeyedRequest): Promise<void> {
    await db.query(sql`
      delete from idempotency_keys where principal = ${principal} and key = ${key} and claim = ${claim}`);
  },

  /** Deletes expired keys. Returns how many, at most `limit`. */
  async forget(limit: number): Promise<number> {
    const rows = await db.query(sql`
      delete from idempotency_keys where (principal, key) in (
        select principal, key from idempotency_keys where created_at <= db_now() - ${KEPT} order by created_at limit ${limit}
      ) returning 1`);
    return rows.length;
  },
});
