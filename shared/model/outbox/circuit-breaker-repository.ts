import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { Provider } from './providers.ts';

/** So many failures in a row, within so many seconds, open a breaker for so long. */
const FAILURES = 10;
const WINDOW_SECONDS = 30;
const OPEN_SECONDS = 15;

export interface Breaker {
  readonly provider: Provider;
  /** `open`: not called, or by one that tries. `trying`: was open, and the next call decides. `closed`: some failures, none decisive. */
  readonly state: 'open' | 'trying' | 'closed';
}

/** Circuit breakers, shared by all instances. A provider without a row is well. */
export const circuitBreakerRepository = (db: Queryable) => ({
  list: () =>
    db.query<Breaker>(sql`
      select provider,
             case when open_until > db_now() then 'open' when open_until is not null then 'trying' else 'closed' end as state
        from circuit_breakers`),

  /**
   * Counts a failure. That of a trial opens the breaker again for its usual time; any other changes nothing about a trial that is under way.
   */
  async recordFailure(provider: Provider, isTrial = false): Promise<void> {
    await db.query(sql`
      insert into circuit_breakers as b (provider, failures, first_failure_at) values (${provider}, 1, db_now())
      on conflict (provider) do update set
        failures = case when b.open_until is null and b.first_failure_at < db_now() - make_interval(secs => ${WINDOW_SECONDS})
                        then 1 else b.failures + 1 end,
        first_failure_at = case when b.open_until is null and b.first_failure_at < db_now() - make_interval(secs => ${WINDOW_SECONDS})
                        then db_now() else b.first_failure_at end,
        open_until = case
          when ${isTrial} then db_now() + make_interval(secs => ${OPEN_SECONDS})
          when b.open_until is not null
            or (b.failures + 1 >= ${FAILURES} and b.first_failure_at >= db_now() - make_interval(secs => ${WINDOW_SECONDS}))
          then greatest(b.open_until, db_now() + make_interval(secs => ${OPEN_SECONDS})) end`);
  },

  /** A success ends the count. */
  async recordSuccess(provider: Provider): Promise<void> {
    await db.query(sql`delete from circuit_breakers where provider = ${provider}`);
  },

  /** Of breakers that are `trying`, those that the caller alone may now try, for at most so many seconds. Others see them open. */
  async takeTrials(providers: readonly Provider[], seconds: number): Promise<Provider[]> {
    const rows = await db.query<{ provider: Provider }>(sql`
      update circuit_breakers set open_until = db_now() + make_interval(secs => ${seconds})
       where provider in (
         select provider from circuit_breakers
          where provider = any (${providers}::text[]) and open_until <= db_now() order by provider for update skip locked)
      returning provider`);
    return rows.map(({ provider }) => provider);
  },

  /** Leaves trials that came to nothing to the next who asks. */
  async endTrials(providers: readonly Provider[]): Promise<void> {
    if (providers.length === 0) return;
    await db.query(sql`
      update circuit_breakers set open_until = db_now()
       where provider in (
         select provider from circuit_breakers
          where provider = any (${providers}::text[]) and open_until > db_now() order by provider for update)`);
  },
});
