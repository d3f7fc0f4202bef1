import type { LeasedMessage, OutboxMessage } from '../../db/outbox.ts';

/** Asks for a person to be told that a message was given up. */
export const alertMessage = (dead: Pick<LeasedMessage, 'id' | 'requestId'>): OutboxMessage => ({
  topic: 'alert.send',
  lane: 'alert',
  dedupeKey: `alert.send:${dead.id}`,
  payload: { message_id: dead.id },
  requestId: dead.requestId,
  maxAttempts: 4,
});
