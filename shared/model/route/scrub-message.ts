import type { OutboxMessage } from '../../db/outbox.ts';

/** Asks for Edge KV to be compared with the database, for the routes that were not verified lately. */
export const scrubMessage = (requestId: string): OutboxMessage => ({
  topic: 'route.scrub',
  lane: 'scrub',
  dedupeKey: 'route.scrub',
  payload: {},
  requestId,
  maxAttempts: 4,
});
