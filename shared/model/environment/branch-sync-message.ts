import { outboxMessage } from '../outbox/outbox-message.ts';

/** Requests a sync with the head of an environment's branch, now or delayed. Requests are deduplicated; the earliest wins. */
export const branchSyncMessage = (environmentId: string, requestId: string, delaySeconds = 0) =>
  outboxMessage(
    'branch.sync',
    { environment_id: environmentId },
    { lane: `environment:${environmentId}`, key: environmentId, requestId, delaySeconds },
  );
