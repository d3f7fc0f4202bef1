import type { OutboxMessage } from '../../db/outbox.ts';

/** Asks for a run for a queued deployment. */
export const buildStartMessage = (deploymentId: string, requestId: string, delaySeconds = 0): OutboxMessage => ({
  topic: 'build.start',
  lane: `deployment:${deploymentId}`,
  dedupeKey: `build.start:${deploymentId}`,
  payload: { deployment_id: deploymentId },
  requestId,
  delaySeconds,
  maxAttempts: 8,
});
