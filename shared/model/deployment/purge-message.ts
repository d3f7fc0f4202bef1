import type { OutboxMessage } from '../../db/outbox.ts';

/** Asks for the deletion of what a deployment marked `purging` leaves outside. */
export const purgeMessage = (deploymentId: string, requestId: string): OutboxMessage => ({
  topic: 'deployment.purge',
  lane: `deployment:${deploymentId}`,
  dedupeKey: `deployment.purge:${deploymentId}`,
  payload: { deployment_id: deploymentId },
  requestId,
  maxAttempts: 20,
});
