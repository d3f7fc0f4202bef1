import { outboxMessage } from '../outbox/outbox-message.ts';

/** Asks for the edge to say about a hostname what the database says. */
export const publishMessage = (hostname: string, requestId: string) =>
  outboxMessage('route.publish', { hostname }, { lane: `route:${hostname}`, key: hostname, requestId });
