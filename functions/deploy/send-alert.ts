import type { Payload } from '@miaobu/shared/contracts/messages';
import { adviceOn } from '@miaobu/shared/model/audit/alarms';
import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Alert, AlertChannel } from '@miaobu/shared/ports/alert-channel';

export interface Deps {
  readonly store: Pick<Store, 'deadLetters' | 'auditLog'>;
  /** Undefined when the operator configured none: the log has it all the same. */
  readonly alertChannel: AlertChannel | undefined;
}

/** `alert.send`: alerts the operator to something that needs a person, unless it was resolved meanwhile. */
export const sendAlert = ({ store, alertChannel }: Deps): TopicHandler<'alert.send'> => ({
  droppable: true,
  async work(payload, lease) {
    const alert = alertChannel && (await alertOf(store, payload));
    if (!alert) return undefined;
    lease.assertTrusted();
    await alertChannel.send(alert);
    return undefined;
  },
});

async function alertOf(store: Deps['store'], payload: Payload<'alert.send'>): Promise<Alert | undefined> {
  if ('audit_id' in payload) {
    const entry = await store.auditLog.find(payload.audit_id);
    if (!entry) return undefined;
    const { id, action, subject, details, requestId, createdAt } = entry;
    const at = createdAt.toISOString();
    return { kind: 'alarm', id, action, subject, details, advice: adviceOn(action), requestId, at };
  }
  const dead = await store.deadLetters.find(payload.message_id);
  if (!dead) return undefined;
  const { id, topic, errorClass, error, attempts, requestId } = dead;
  const at = (dead.diedAt ?? dead.createdAt).toISOString();
  return { kind: 'dead_letter', id, topic, errorClass, error, attempts, requestId, at };
}
