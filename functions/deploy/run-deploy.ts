import { deployTopics } from '@miaobu/shared/contracts/messages';
import type { Context } from '@miaobu/shared/kernel/context';
import { type TopicHandlers, type WorkDeps, workOutbox } from '@miaobu/shared/model/outbox/work-outbox';
import { raiseBacklogAlarm } from './raise-backlog-alarm.ts';
import { raiseCleanupAlarm } from './raise-cleanup-alarm.ts';
import { raiseLeaseAlarm } from './raise-lease-alarm.ts';
import { type Deps as DutiesDeps, runDuties } from './run-duties.ts';

export interface Deps extends WorkDeps, DutiesDeps {
  readonly store: WorkDeps['store'] & DutiesDeps['store'];
  readonly handlers: TopicHandlers<(typeof deployTopics)[number]>;
}

/** The end of an invocation is reserved for running work. */
const MARGIN_SECONDS = 30;

/** One wake-up: reaps expired leases, runs due duties, handles messages until none is due, and reports when the next one is. */
export const runDeploy =
  (deps: Deps) =>
  async (context: Context & { readonly timeoutSeconds: number }): Promise<{ done: number }> => {
    const started = deps.monotonicMs();
    const expired = await deps.outbox.expiredLeases();
    await deps.outbox.reap();
    await raiseLeaseAlarm(deps, expired)(context);
    await runDuties(deps)(context);
    const spentSeconds = (deps.monotonicMs() - started) / 1000;
    const budgetSeconds = Math.max(1, context.timeoutSeconds - MARGIN_SECONDS - spentSeconds);
    const done = await workOutbox(deps, deps.handlers, context, budgetSeconds);
    await raiseBacklogAlarm(deps, deployTopics)(context);
    await raiseCleanupAlarm(deps)(context);
    return { done };
  };
