import { cleanupTopics } from '@miaobu/shared/contracts/messages';
import type { Context } from '@miaobu/shared/kernel/context';
import { raiseAlarm } from '@miaobu/shared/model/audit/raise-alarm';
import type { Store } from '@miaobu/shared/model/repositories';
import { type Deps as BacklogDeps, raiseBacklogAlarm } from './raise-backlog-alarm.ts';

export interface Deps extends BacklogDeps {
  readonly store: BacklogDeps['store'] & Pick<Store, 'duties'>;
}

/** Three of its hourly rounds. */
const LATE_SECONDS = 3 * 60 * 60;

/**
 * Alerts the operator when `cleanup` does not run, or does not get to its messages: it cannot tell by itself, and what it should delete
 * is paid for.
 */
export const raiseCleanupAlarm =
  (deps: Deps) =>
  async (context: Pick<Context, 'log' | 'requestId'>): Promise<void> => {
    await raiseBacklogAlarm(deps, cleanupTopics, { subject: 'cleanup', lateSeconds: LATE_SECONDS })(context);
    if (!(await deps.store.duties.isOverdue('cleanup', LATE_SECONDS))) return;
    context.log.warn('cleanup does not run');
    const { requestId } = context;
    const alarm = { actor: 'deploy', action: 'cleanup.late', subject: 'cleanup', requestId } as const;
    await deps.store.transaction((repositories) => raiseAlarm(repositories, alarm));
  };
