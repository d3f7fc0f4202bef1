import type { OutboxMessage } from '../../db/outbox.ts';

/** Asks for verification and the switch of a deployment whose artifact is complete. */
export const activateMessage = (
  deployment: { readonly id: string; readonly environmentId: string },
  requestId: string,
): OutboxMessage => ({
  topic: 'deployment.activate',
  lane: `environment:${deployment.environmentId}`,
  dedupeKey: `deployment.activate:${deployment.id}`,
  payload: { deployment_id: deployment.id },
  requestId,
});
