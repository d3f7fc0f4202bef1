import { outboxMessage } from '../outbox/outbox-message.ts';

/** Requests a comparison of Edge KV with the database, for routes not verified lately. */
export const scrubMessage = (requestId: string) => outboxMessage('route.scrub', {}, { lane: 'scrub', requestId });
