import type { Payload, Topic } from '../../contracts/messages.ts';
import type { OutboxMessage } from '../../db/outbox.ts';
import { triesOfTopics } from './tries-of-topics.ts';

/**
 * A message of a topic, with the payload that its worker expects. Every topic has one place that makes its messages, in a file
 * `…-message.ts` beside what it is about.
 */
export const outboxMessage = <T extends Topic>(
  topic: T,
  payload: Payload<T>,
  of: {
    /** At most one message of a lane is worked on at a time. */
    readonly lane: string;
    /** A message that waits under the same topic and key is the same. Absent: the topic has one message. */
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
