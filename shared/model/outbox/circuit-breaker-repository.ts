import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { Provider } from './providers.ts';

/** This many failures in a row, within this many seconds, open a breaker for this long. */
const FAILURES = 10;
const WINDOW_SECONDS = 30;
const OPEN_SECONDS = 15;

export interface Breaker {
  readonly provider: Provider;
  /** `open`: not called, except by a trial. `trying`: half-open, the next call decides. `closed`: some failures, none decisive. */
  readonly state: 'open' | 'trying' | 'closed';
}

/** Circuit breakers, shared by all instances. A provider without a row is healthy. */
export const circuitBreakerRepository = (db: Queryable) => ({
  list: () =>
    db.query<Breaker>(sql`
      select provider,
             case when open_until > db_now() then 'open' when open_until is not null then 'trying' else 'closed' end as state
        from circuit_breakers`),

  /**
   * Counts a failure. A failed trial reopens the breaker for its usual time; other failures do not affect a running trial. A provider that
   * asked for a pause gets it at once, whatever the count.
   */
  async recordFailure(
    provider: Provider,
    isTrial = false,
    pauseSeconds: number | undefined = undefined,
  ): Promise<void> {
    const pausedUntil = sql`db_now() + make_interval(secs => ${pauseSeconds ?? null}::double precision)`;
    await db.query(sql`
      insert into circuit_breakers as b (provider, failures, first_failure_at, open_until)
      values (${provider}, 1, db_now(), ${pausedUntil})
      on conflict (provider) do update set
        failures = case when b.open_until is null and b.first_failure_at < db_now() - make_interval(secs => ${WINDOW_SECONDS})
                        then 1 else b.failures + 1 end,
        first_failure_at = case when b.open_until is null and b.first_failure_at < db_now() - make_interval(secs => ${WINDOW_SECONDS})
                        then db_now() else b.first_failure_at end,
        open_until = greatest(excluded.open_until, case
          when ${isTrial} then db_now() + make_interval(secs => ${OPEN_SECONDS})
          when b.open_until is not null
            or (b.failures + 1 >= ${FAILURES} and b.first_failure_at >= db_now() - make_interval(secs => ${WINDOW_SECONDS}))
          then greatest(b.open_until, db_now() + make_interval(secs => ${OPEN_SECONDS})) end)`);
  },

  /** A success resets the count. Only that of a trial closes an open breaker: others were claimed before it opened. */
  async recordSuccess(provider: Provider, isTrial = false): Promise<void> {
    await db.query(sql`
      delete from circuit_breakers
       where provider = ${provider} and (${isTrial} or open_until is null or open_until <= db_now())`);
  },

  /** Claims the trial of breakers that are `trying`, exclusively and for at most `seconds`. To others they appear open. */
  async takeTrials(providers: readonly Provider[], seconds: number): Promise<Provider[]> {
    const rows = await db.query<{ provider: Provider }>(sql`
      update circuit_breakers set open_until = db_now() + make_interval(secs => ${seconds})
       where provider in (
         select provider from circuit_breakers
          where provider = any (${providers}::text[]) and open_until <= db_now() order by provider for update skip locked)
      returning provider`);
    return rows.map(({ provider }) => provider);
  },

  /** Releases trials without a result. */
  async endTrials(providers: readonly Provider[]): Promise<void> {
    if (providers.length === 0) return;
    await db.query(sql`
      update circuit_breakers set open_until = db_now()
       where provider in (
         select provider from circuit_breakers
          where provider = any (${providers}::text[]) and open_until > db_now() order by provider for update)`);
  },
});
