import { outboxMessage } from '../outbox/outbox-message.ts';

/** Requests a check of a deployment that is overdue or whose runner is silent. */
export const rescueMessage = (deploymentId: string, requestId: string) =>
  outboxMessage(
    'deployment.rescue',
    { deployment_id: deploymentId },
    { lane: `deployment:${deploymentId}`, key: deploymentId, requestId },
  );
