import type { Topic } from '@miaobu/shared/contracts/messages';
import type { Context } from '@miaobu/shared/kernel/context';
import { raiseAlarm } from '@miaobu/shared/model/audit/raise-alarm';
import type { WorkDeps } from '@miaobu/shared/model/outbox/work-outbox';
import type { Store } from '@miaobu/shared/model/repositories';

export interface Deps {
  readonly outbox: Pick<WorkDeps['outbox'], 'backlog'>;
  readonly store: Pick<Store, 'transaction'>;
}

/** The timer of `deploy` has fired twice since. */
const LATE = { subject: 'outbox', lateSeconds: 2 * 60 };

/**
 * Alerts the operator to due work that nobody does: more than a worker can handle in its time, or a provider has been down for minutes.
 * Runs at the end of a worker's time, when work that only waited for a worker is done.
 */
export const raiseBacklogAlarm =
  ({ outbox, store }: Deps, topics: readonly Topic[], { subject, lateSeconds } = LATE) =>
  async ({ log, requestId }: Pick<Context, 'log' | 'requestId'>): Promise<void> => {
    const backlog = await outbox.backlog(topics, lateSeconds);
    if (!backlog) return;
    log.warn('the outbox is behind', { subject, ...backlog });
    const { count, oldestSeconds, oldestTopic } = backlog;
    const details = { messages: count, oldest_seconds: Math.round(oldestSeconds), oldest_topic: oldestTopic };
    const alarm = { actor: 'deploy', action: 'outbox.behind', subject, details, requestId } as const;
    await store.transaction((repositories) => raiseAlarm(repositories, alarm));
  };
