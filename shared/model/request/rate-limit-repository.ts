import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** A token bucket. It holds `capacity` tokens and refills at `perSecond`. */
export interface Bucket {
  readonly name: string;
  readonly capacity: number;
  readonly perSecond: number;
  /** Whether the bucket is per calling user (without a user it does not apply), or identified by its name alone. */
  readonly ofUser: boolean;
}

export interface Taken {
  readonly name: string;
  /** Whether there was a token. */
  readonly granted: boolean;
  /** Tokens left. */
  readonly tokens: number;
}

/** The caller, as far as known without a lookup. */
export interface Caller {
  readonly userId?: string | undefined;
  readonly apiTokenSha256?: Buffer | undefined;
}

/** Token buckets for rate limiting, shared by all instances. */
export const rateLimitRepository = (db: Queryable) => ({
  /**
   * Takes a token from each bucket, in one statement. Buckets are locked in the order of their names, so that instances can neither hand
   * out the same token twice nor deadlock. A refused request takes nothing.
   */
  take(buckets: readonly Bucket[], { userId, apiTokenSha256 }: Caller = {}): Promise<Taken[]> {
    return db.query<Taken>(sql`
      with caller as (
        select coalesce(${userId ?? null}::uuid, (
          select user_id from api_tokens
           where ${apiTokenSha256 ?? null}::bytea in (token_sha256, previous_sha256) and revoked_at is null
        )) as id
      ), wanted as (
        select name, capacity, per_second,
               case when of_user then name || ':' || (select id from caller) else name end as bucket
          from unnest(
            ${buckets.map(({ name }) => name)}::text[], ${buckets.map(({ ofUser }) => ofUser)}::boolean[],
            ${buckets.map(({ capacity }) => capacity)}::float8[], ${buckets.map(({ perSecond }) => perSecond)}::float8[]
          ) as w (name, of_user, capacity, per_second)
      ), taken as (
        insert into rate_limits as b (bucket, capacity, per_second, tokens, granted, filled_at)
        select bucket, capacity, per_second, capacity - 1, true, db_now() from wanted where bucket is not null
         order by bucket
        on conflict (bucket) do update set (tokens, granted) = (
          select case when level >= 1 then level - 1 else level end, level >= 1
            from (select least(
              excluded.capacity,
              b.tokens + excluded.per_second * greatest(0, extract(epoch from excluded.filled_at - b.filled_at))
            )::float8 as level) l
        ), capacity = excluded.capacity, per_second = excluded.per_second,
          filled_at = greatest(b.filled_at, excluded.filled_at)
        returning bucket, granted, tokens
      )
      select wanted.name, taken.granted, taken.tokens from taken join wanted using (bucket)`);
  },

  /** Deletes buckets that are full again. Returns how many, at most `limit`. */
  async forgetFull(limit: number): Promise<number> {
    const rows = await db.query(sql`
      delete from rate_limits where bucket in (
        select bucket from rate_limits
         where tokens + per_second * extract(epoch from db_now() - filled_at) >= capacity limit ${limit}
      ) returning 1`);
    return rows.length;
  },
});
