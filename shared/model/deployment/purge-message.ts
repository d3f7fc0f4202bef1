import { outboxMessage } from '../outbox/outbox-message.ts';

/** Requests deletion of the external resources of a deployment marked `purging`. */
export const purgeMessage = (deploymentId: string, requestId: string) =>
  outboxMessage(
    'deployment.purge',
    { deployment_id: deploymentId },
    { lane: `deployment:${deploymentId}`, key: deploymentId, requestId },
  );
