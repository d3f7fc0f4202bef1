import { outboxMessage } from '../outbox/outbox-message.ts';

/** Requests the next steps of tearing down a project that is being deleted. */
export const teardownMessage = (projectId: string, requestId: string, delaySeconds = 0) =>
  outboxMessage(
    'project.teardown',
    { project_id: projectId },
    { lane: `project:${projectId}`, key: projectId, requestId, delaySeconds },
  );
