import type { OutboxMessage } from '../../db/outbox.ts';

/** Asks for the edge to say about a hostname what the database says. */
export const publishMessage = (hostname: string, requestId: string): OutboxMessage => ({
  topic: 'route.publish',
  lane: `route:${hostname}`,
  dedupeKey: `route.publish:${hostname}`,
  payload: { hostname },
  requestId,
  maxAttempts: 20,
});
