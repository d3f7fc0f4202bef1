import { outboxMessage } from '../outbox/outbox-message.ts';

/** Requests verification and activation of a deployment whose artifact is complete. */
export const activateMessage = (
  deployment: { readonly id: string; readonly environmentId: string },
  requestId: string,
) =>
  outboxMessage(
    'deployment.activate',
    { deployment_id: deployment.id },
    { lane: `environment:${deployment.environmentId}`, key: deployment.id, requestId },
  );
