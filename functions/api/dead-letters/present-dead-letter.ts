import type { DeadLetter as DeadLetterJson } from '@miaobu/shared/contracts/dead-letters';
import { showId } from '@miaobu/shared/kernel/ids';
import type { DeadLetter } from '@miaobu/shared/model/outbox/dead-letter-repository';

export const presentDeadLetter = (dead: DeadLetter): DeadLetterJson => ({
  id: showId('deadLetter', dead.id),
  topic: dead.topic,
  payload: { ...dead.payload },
  attempts: dead.attempts,
  error_class: dead.errorClass,
  error: dead.error,
  request_id: dead.requestId,
  created_at: dead.createdAt.toISOString(),
  died_at: dead.diedAt?.toISOString() ?? null,
});
