import type { OutboxMessage } from '../../db/outbox.ts';

/** Asks for the next steps of taking a project down that is being deleted. */
export const teardownMessage = (projectId: string, requestId: string, delaySeconds = 0): OutboxMessage => ({
  topic: 'project.teardown',
  lane: `project:${projectId}`,
  dedupeKey: `project.teardown:${projectId}`,
  payload: { project_id: projectId },
  requestId,
  delaySeconds,
  maxAttempts: 20,
});
