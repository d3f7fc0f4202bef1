import type { Context } from '@miaobu/shared/kernel/context';
import { describeError } from '@miaobu/shared/kernel/describe-error';
import type { Store } from '@miaobu/shared/model/repositories';
import { SCRUB_SECONDS } from './scrub-routes.ts';

/** What is done without anybody asking, and every how many seconds. */
export const dutySeconds = {
  /** Asks for a rescue of every deployment that is overdue: what the timer does each minute, and no doorbell more often. */
  'find-overdue': 30,
  /** Puts the branches whose turn it is in line to be asked for their heads. Each has its turn every ten minutes. */
  'find-unsynced': 60,
  /** Puts the hooks in line whose failed deliveries are to be asked for again. */
  'find-hooks-in-use': 5 * 60,
  /** Asks for Edge KV to be compared with what it should say. */
  'request-scrub': SCRUB_SECONDS,
  /** Puts the hostnames in line that were connected a day ago: their records may have been lost. */
  'find-unconfirmed': 10 * 60,
  /** Retires keys that are old, and has those worked on that were retired. */
  'renew-keys': 60 * 60,
} as const;
export type DutyName = keyof typeof dutySeconds;

/** One round, of bounded size; it ends early when the signal fires. Returns how much there was to do. */
export type Duty = (context: Context) => Promise<number>;

export interface Deps {
  readonly store: Pick<Store, 'duties'>;
  readonly duties: Readonly<Record<DutyName, Duty>>;
}

/** For one duty: the outbox waits meanwhile. */
const LIMIT_MS = 20_000;

/**
 * Does what is due, one after another. Of two instances that wake up together one does it. A duty that fails is logged, stops
 * no other, and has its next turn at its usual time.
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
