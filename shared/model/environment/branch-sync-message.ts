import type { OutboxMessage } from '../../db/outbox.ts';

/** Asks for the head of an environment's branch, soon or after a while. Several wishes become one, the earliest. */
export const branchSyncMessage = (environmentId: string, requestId: string, delaySeconds = 0): OutboxMessage => ({
  topic: 'branch.sync',
  lane: `environment:${environmentId}`,
  dedupeKey: `branch.sync:${environmentId}`,
  payload: { environment_id: environmentId },
  requestId,
  delaySeconds,
  maxAttempts: 8,
});
