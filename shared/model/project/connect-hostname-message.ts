import { outboxMessage } from '../outbox/outbox-message.ts';

/** Asks for a hostname to lead to the edge, or not to while its environment is off. */
export const connectHostnameMessage = (projectId: string, hostname: string, requestId: string, delaySeconds = 0) =>
  outboxMessage(
    'hostname.connect',
    { project_id: projectId, hostname },
    { lane: `hostname:${hostname}`, key: hostname, requestId, delaySeconds },
  );
