import { outboxMessage } from '../outbox/outbox-message.ts';

/** Requests a check that a published deployment is served at its hostnames. */
export const probeMessage = (deploymentId: string, requestId: string, delaySeconds: number) =>
  outboxMessage(
    'route.probe',
    { deployment_id: deploymentId },
    { lane: `probe:${deploymentId}`, key: deploymentId, requestId, delaySeconds },
  );
