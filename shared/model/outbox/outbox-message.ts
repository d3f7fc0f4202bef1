import type { Payload, Topic } from '../../contracts/messages.ts';
import type { OutboxMessage } from '../../db/outbox.ts';
import { triesOfTopics } from './tries-of-topics.ts';

/**
 * A message of a topic, with the payload its handler expects. Each topic's messages are created in one place, a file `…-message.ts`
 * beside its subject.
 */
export const outboxMessage = <T extends Topic>(
  topic: T,
  payload: Payload<T>,
  of: {
    /** At most one message of a lane is handled at a time. */
    readonly lane: string;
    /** Pending messages with the same topic and key are deduplicated. Absent: one message for the whole topic. */
    readonly key?: string;
    readonly requestId: string;
    readonly delaySeconds?: number;
  },
): OutboxMessage => ({
  topic,
  lane: of.lane,
  dedupeKey: of.key === undefined ? topic : `${topic}:${of.key}`,
  payload: { ...payload },
  requestId: of.requestId,
  delaySeconds: of.delaySeconds ?? 0,
  maxAttempts: triesOfTopics[topic],
});
