import { outboxMessage } from '../outbox/outbox-message.ts';

/** Requests that a hostname's value at the edge be brought in line with the database. */
export const publishMessage = (hostname: string, requestId: string) =>
  outboxMessage('route.publish', { hostname }, { lane: `route:${hostname}`, key: hostname, requestId });
