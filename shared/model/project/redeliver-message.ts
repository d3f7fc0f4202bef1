import { outboxMessage } from '../outbox/outbox-message.ts';

/** Asks for the deliveries to a project's hook that failed to be sent again. */
export const redeliverMessage = (projectId: string, requestId: string) =>
  outboxMessage('hook.redeliver', { project_id: projectId }, { lane: `hook:${projectId}`, key: projectId, requestId });
