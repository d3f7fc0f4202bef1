import { outboxMessage } from '../outbox/outbox-message.ts';

/** Requests redelivery of the failed deliveries to a project's hook. */
export const redeliverMessage = (projectId: string, requestId: string) =>
  outboxMessage('hook.redeliver', { project_id: projectId }, { lane: `hook:${projectId}`, key: projectId, requestId });
