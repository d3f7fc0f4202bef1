import type { cleanupTopics } from '@miaobu/shared/contracts/messages';
import type { Context } from '@miaobu/shared/kernel/context';
import { describeError } from '@miaobu/shared/kernel/describe-error';
import { type TopicHandlers, type WorkDeps, workOutbox } from '@miaobu/shared/model/outbox/work-outbox';
import type { Store } from '@miaobu/shared/model/repositories';

/** One pass over what may be deleted. Returns how much was. Starts nothing more once its signal fires. */
export type Sweep = (context: Context) => Promise<number>;

/** The same, told how many seconds it has, so that it can stop in time to finish what it has begun. */
export type TimedSweep = (context: Context, seconds: number) => Promise<number>;

export interface Deps extends WorkDeps {
  readonly store: WorkDeps['store'] & Pick<Store, 'duties'>;
  readonly handlers: TopicHandlers<(typeof cleanupTopics)[number]>;
  readonly markPurgeable: Sweep;
  /** Each keyed by the name of what it counts, in order. */
  readonly sweeps: {
    /** Only SQL statements. */
    readonly quick: Readonly<Record<string, Sweep>>;
    /** Those that list everything at the vendors. */
    readonly long: Readonly<Record<string, TimedSweep>>;
  };
  /** Fires after this many milliseconds. */
  readonly timeLimit: (ms: number) => AbortSignal;
}

/** The end of an invocation is reserved for running work. */
const MARGIN_SECONDS = 60;
/** Less than an hour, so that each hourly round claims the duty. */
const CLAIM_SECONDS = 30 * 60;

/**
 * One round: marks what may be purged, does everything quick, deletes what was marked, and sweeps what nobody uses. Each part gets an
 * equal share of the time that is left when it starts, so that none can starve those after it; a failing part does not stop the others.
 */
export const runCleanup =
  (deps: Deps) =>
  async (context: Context & { readonly timeoutSeconds: number }): Promise<Readonly<Record<string, number>>> => {
    const end = deps.monotonicMs() + Math.max(1, context.timeoutSeconds - MARGIN_SECONDS) * 1000;
    const secondsLeft = () => (end - deps.monotonicMs()) / 1000;
    // `deploy` alerts the operator when this is not claimed any more.
    await deps.store.duties.take('cleanup', CLAIM_SECONDS);
    await deps.outbox.reap();

    const purge = (own: Context, seconds: number) => workOutbox(deps, deps.handlers, own, seconds);
    const parts: [name: string, part: (own: Context, seconds: number) => Promise<number>][] = [
      ['marked', deps.markPurgeable],
      ...Object.entries(deps.sweeps.quick),
      ['purged', purge],
      ...Object.entries(deps.sweeps.long),
    ];
    const done: Record<string, number> = {};
    for (const [index, [name, part]] of parts.entries()) {
      if (secondsLeft() <= 0) {
        context.log.error('no time was left for a part of the cleanup', { part: name });
        continue;
      }
      const seconds = secondsLeft() / (parts.length - index);
      const signal = AbortSignal.any([context.signal, deps.timeLimit(Math.ceil(seconds * 1000))]);
      try {
        done[name] = await part({ ...context, signal }, seconds);
        if (signal.aborted)
          context.log.warn('a part of the cleanup continues in the next round', { part: name, seconds });
      } catch (error) {
        context.log.error('a part of the cleanup failed', { part: name, ...describeError(error) });
      }
    }
    return done;
  };
