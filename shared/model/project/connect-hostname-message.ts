import type { OutboxMessage } from '../../db/outbox.ts';

/** Asks for a hostname to lead to the edge. */
export const connectHostnameMessage = (projectId: string, hostname: string, requestId: string): OutboxMessage => ({
  topic: 'hostname.connect',
  lane: `hostname:${hostname}`,
  dedupeKey: `hostname.connect:${hostname}`,
  payload: { project_id: projectId, hostname },
  requestId,
});
