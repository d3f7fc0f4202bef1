import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Store } from '@miaobu/shared/model/repositories';
import type { AlertChannel } from '@miaobu/shared/ports/alert-channel';

export interface Deps {
  readonly store: Pick<Store, 'deadLetters'>;
  /** Undefined when the operator named no address: the log has it all the same. */
  readonly alertChannel: AlertChannel | undefined;
}

/** `alert.send`: tells the operator about a message that was given up, unless somebody has dealt with it meanwhile. */
export const sendAlert = ({ store, alertChannel }: Deps): TopicHandler<'alert.send'> => ({
  droppable: true,
  async work({ message_id: id }, lease) {
    const dead = alertChannel && (await store.deadLetters.find(id));
    if (!dead) return undefined;
    lease.assertTrusted();
    await alertChannel.send({
      kind: 'dead_letter',
      id: dead.id,
      topic: dead.topic,
      errorClass: dead.errorClass,
      error: dead.error,
      attempts: dead.attempts,
      requestId: dead.requestId,
      at: (dead.diedAt ?? dead.createdAt).toISOString(),
    });
    return undefined;
  },
});
