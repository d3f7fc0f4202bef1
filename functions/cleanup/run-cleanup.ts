import type { cleanupTopics } from '@miaobu/shared/contracts/messages';
import type { Context } from '@miaobu/shared/kernel/context';
import { describeError } from '@miaobu/shared/kernel/describe-error';
import { type TopicHandlers, type WorkDeps, workOutbox } from '@miaobu/shared/model/outbox/work-outbox';
import type { markPurgeable } from './mark-purgeable.ts';

/** One look for what may go. Returns how much went. */
export type Sweep = (context: Context) => Promise<number>;

export interface Deps extends WorkDeps {
  readonly handlers: TopicHandlers<(typeof cleanupTopics)[number]>;
  readonly markPurgeable: ReturnType<typeof markPurgeable>;
  /** In this order, each by the name of what it counts. */
  readonly sweeps: Readonly<Record<string, Sweep>>;
}

/** The end of an invocation is kept free for what is under way. */
const MARGIN_SECONDS = 60;

/** One round: mark what may go, delete what was marked, then sweep what nobody uses. A sweep that fails stops no other. */
export const runCleanup =
  (deps: Deps) =>
  async (
    context: Context & { readonly timeoutSeconds: number },
  ): Promise<{ readonly marked: number; readonly purged: number } & Readonly<Record<string, number>>> => {
    await deps.outbox.reap();
    const marked = await deps.markPurgeable(context);
    const budgetSeconds = Math.max(1, context.timeoutSeconds - MARGIN_SECONDS);
    const purged = await workOutbox(deps, deps.handlers, context, budgetSeconds);
    const swept: Record<string, number> = {};
    for (const [name, sweep] of Object.entries(deps.sweeps)) {
      try {
        swept[name] = await sweep(context);
      } catch (error) {
        context.log.error('sweep failed', { sweep: name, ...describeError(error) });
      }
    }
    return { marked, purged, ...swept };
  };
