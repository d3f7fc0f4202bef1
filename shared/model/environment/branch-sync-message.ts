import type { OutboxMessage } from '../../db/outbox.ts';

/** Asks for the head of an environment's branch soon. Several wishes become one. */
export const branchSyncMessage = (environmentId: string, requestId: string): OutboxMessage => ({
  topic: 'branch.sync',
  lane: `environment:${environmentId}`,
  dedupeKey: `branch.sync:${environmentId}`,
  payload: { environment_id: environmentId },
  requestId,
  maxAttempts: 8,
});
