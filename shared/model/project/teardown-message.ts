import { outboxMessage } from '../outbox/outbox-message.ts';

/** Asks for the next steps of taking a project down that is being deleted. */
export const teardownMessage = (projectId: string, requestId: string, delaySeconds = 0) =>
  outboxMessage(
    'project.teardown',
    { project_id: projectId },
    { lane: `project:${projectId}`, key: projectId, requestId, delaySeconds },
  );
