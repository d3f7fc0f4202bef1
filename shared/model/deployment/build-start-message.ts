import { outboxMessage } from '../outbox/outbox-message.ts';

/** Requests a run for a queued deployment. */
export const buildStartMessage = (deploymentId: string, requestId: string, delaySeconds = 0) =>
  outboxMessage(
    'build.start',
    { deployment_id: deploymentId },
    { lane: `deployment:${deploymentId}`, key: deploymentId, requestId, delaySeconds },
  );
