import type { Context } from '@miaobu/shared/kernel/context';
import { describeError } from '@miaobu/shared/kernel/describe-error';
import type { Store } from '@miaobu/shared/model/repositories';
import { SCRUB_SECONDS } from './scrub-routes.ts';

/** Periodic duties, and every how many seconds they run. */
export const dutySeconds = {
  /** Requests a rescue of every overdue deployment: with each minute's timer, however often the doorbell rings. */
  'find-overdue': 30,
  /** Requests syncs of the branches that are due, each every ten minutes. */
  'find-unsynced': 60,
  /** Requests redelivery of failed deliveries for the hooks in use. */
  'find-hooks-in-use': 5 * 60,
  /** Requests a comparison of Edge KV with its desired content. */
  'request-scrub': SCRUB_SECONDS,
  /** Requests a check of hostnames connected a day ago: their records may have been lost. */
  'find-unconfirmed': 10 * 60,
  /** Requests connections again that were given up an hour ago. */
  'find-unconnected': 10 * 60,
  /** Retires old keys, and drives retired ones to deletion. */
  'renew-keys': 60 * 60,
} as const;
export type DutyName = keyof typeof dutySeconds;

/** One round, of bounded size; it ends early when the signal fires. Returns how much there was to do. */
export type Duty = (context: Context) => Promise<number>;

export interface Deps {
  readonly store: Pick<Store, 'duties'>;
  readonly duties: Readonly<Record<DutyName, Duty>>;
}

/** Per duty, because the outbox waits meanwhile. */
const LIMIT_MS = 20_000;

/**
 * Runs the due duties one after another. Of two instances that wake up together one runs each. A failing duty is logged, does not stop
 * the others, and runs again at its usual time.
 */
export const runDuties =
  (deps: Deps) =>
  async (context: Context): Promise<void> => {
    for (const name of Object.keys(dutySeconds) as DutyName[]) {
      if (context.signal.aborted) return;
      const log = context.log.with({ duty: name });
      try {
        if (!(await deps.store.duties.take(name, dutySeconds[name]))) continue;
        const signal = AbortSignal.any([context.signal, AbortSignal.timeout(LIMIT_MS)]);
        log.info('duty done', { found: await deps.duties[name]({ ...context, log, signal }) });
      } catch (error) {
        log.error('duty failed', describeError(error));
      }
    }
  };
