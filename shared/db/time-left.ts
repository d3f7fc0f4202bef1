import type pg from 'pg';
import { AppError } from '../kernel/app-error.ts';
import type { Deadline } from '../kernel/deadline.ts';

/** pg's types lack the per-query timeout. */
export interface LimitedQuery extends pg.QueryConfig {
  readonly query_timeout?: number;
}

/** What a statement whose deadline has passed fails with, unless Postgres said something else. */
export const outOfTime = () => new AppError('database_unavailable', { message: 'its deadline has passed' });

/** Whole milliseconds; undefined without a deadline. Throws when it has passed: nothing is sent any more. */
export function timeLeft(deadline: Deadline | undefined): number | undefined {
  if (!deadline) return undefined;
  const leftMs = Math.floor(deadline.remainingMs());
  if (leftMs < 1) throw outOfTime();
  return leftMs;
}

/** Postgres ends a statement by itself when its time is up. If even that is not heard so much later, the connection is cut. */
const CUT_OFF_MS = 250;

/** For a query that Postgres has to answer within this time. */
export const cutOff = (leftMs: number | undefined): Pick<LimitedQuery, 'query_timeout'> =>
  leftMs === undefined ? {} : { query_timeout: Math.max(0, leftMs) + CUT_OFF_MS };
