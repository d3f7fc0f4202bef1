import { outboxMessage } from '../outbox/outbox-message.ts';

/** Asks for Edge KV to be compared with the database, for the routes that were not verified lately. */
export const scrubMessage = (requestId: string) => outboxMessage('route.scrub', {}, { lane: 'scrub', requestId });
