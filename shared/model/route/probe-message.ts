import type { OutboxMessage } from '../../db/outbox.ts';

/** Asks whether a published deployment is seen at its hostnames. */
export const probeMessage = (deploymentId: string, requestId: string, delaySeconds: number): OutboxMessage => ({
  topic: 'route.probe',
  lane: `probe:${deploymentId}`,
  dedupeKey: `route.probe:${deploymentId}`,
  payload: { deployment_id: deploymentId },
  requestId,
  delaySeconds,
  maxAttempts: 4,
});
