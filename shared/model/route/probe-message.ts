import { outboxMessage } from '../outbox/outbox-message.ts';

/** Asks whether a published deployment is seen at its hostnames. */
export const probeMessage = (deploymentId: string, requestId: string, delaySeconds: number) =>
  outboxMessage(
    'route.probe',
    { deployment_id: deploymentId },
    { lane: `probe:${deploymentId}`, key: deploymentId, requestId, delaySeconds },
  );
