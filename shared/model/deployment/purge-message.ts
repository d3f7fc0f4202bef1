import { outboxMessage } from '../outbox/outbox-message.ts';

/** Asks for the deletion of what a deployment marked `purging` leaves outside. */
export const purgeMessage = (deploymentId: string, requestId: string) =>
  outboxMessage(
    'deployment.purge',
    { deployment_id: deploymentId },
    { lane: `deployment:${deploymentId}`, key: deploymentId, requestId },
  );
