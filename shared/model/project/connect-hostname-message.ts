import { outboxMessage } from '../outbox/outbox-message.ts';

/** Requests that a hostname resolve to the edge, or not while its environment is disabled. */
export const connectHostnameMessage = (projectId: string, hostname: string, requestId: string, delaySeconds = 0) =>
  outboxMessage(
    'hostname.connect',
    { project_id: projectId, hostname },
    { lane: `hostname:${hostname}`, key: hostname, requestId, delaySeconds },
  );
