import { outboxMessage } from '../outbox/outbox-message.ts';

/** Asks for the head of an environment's branch, soon or after a while. Several wishes become one, the earliest. */
export const branchSyncMessage = (environmentId: string, requestId: string, delaySeconds = 0) =>
  outboxMessage(
    'branch.sync',
    { environment_id: environmentId },
    { lane: `environment:${environmentId}`, key: environmentId, requestId, delaySeconds },
  );
