import { outboxMessage } from '../outbox/outbox-message.ts';

/** Requests the webhook by which the code host reports pushes to a project's repository. */
export const connectHookMessage = (projectId: string, requestId: string) =>
  outboxMessage('hook.connect', { project_id: projectId }, { lane: `hook:${projectId}`, key: projectId, requestId });
