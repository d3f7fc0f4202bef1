import type { cleanupTopics } from '@miaobu/shared/contracts/messages';
import { type TopicHandlers, type WorkDeps, workOutbox } from '@miaobu/shared/model/outbox/work-outbox';
import type { Context } from '@miaobu/shared/runtime/context';
import type { markPurgeable } from './mark-purgeable.ts';
import type { sweepBlobs } from './sweep-blobs.ts';

export interface Deps extends WorkDeps {
  readonly handlers: TopicHandlers<(typeof cleanupTopics)[number]>;
  readonly markPurgeable: ReturnType<typeof markPurgeable>;
  readonly sweepBlobs: ReturnType<typeof sweepBlobs>;
}

/** The end of an invocation is kept free for what is under way. */
const MARGIN_SECONDS = 60;

/** One round: mark what may go, delete what was marked, then sweep what nobody uses. */
export const runCleanup = (deps: Deps) => async (context: Context & { readonly timeoutSeconds: number }) => {
  await deps.outbox.reap();
  const marked = await deps.markPurgeable(context);
  const purged = await workOutbox(deps, deps.handlers, context, Math.max(1, context.timeoutSeconds - MARGIN_SECONDS));
  const swept = await deps.sweepBlobs(context);
  return { marked, purged, swept };
};
