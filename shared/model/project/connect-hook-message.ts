import { outboxMessage } from '../outbox/outbox-message.ts';

/** Asks for the hook by which the code host tells of pushes to a project's repository. */
export const connectHookMessage = (projectId: string, requestId: string) =>
  outboxMessage('hook.connect', { project_id: projectId }, { lane: `hook:${projectId}`, key: projectId, requestId });
