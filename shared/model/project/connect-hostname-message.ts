import type { OutboxMessage } from '../../db/outbox.ts';

/** Asks for a hostname to lead to the edge, or not to while its environment is off. */
export const connectHostnameMessage = (
  projectId: string,
  hostname: string,
  requestId: string,
  delaySeconds = 0,
): OutboxMessage => ({
  topic: 'hostname.connect',
  lane: `hostname:${hostname}`,
  dedupeKey: `hostname.connect:${hostname}`,
  payload: { project_id: projectId, hostname },
  requestId,
  delaySeconds,
});
