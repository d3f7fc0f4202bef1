import type { LeasedMessage } from '../../db/outbox.ts';
import { outboxMessage } from './outbox-message.ts';

const LANE = 'alert';

/** Requests an alert to the operator that a message was given up. */
export const alertMessage = ({ id, requestId }: Pick<LeasedMessage, 'id' | 'requestId'>) =>
  outboxMessage('alert.send', { message_id: id }, { lane: LANE, key: id, requestId });

/** Requests an alert to the operator about an entry of the audit log. */
export const alarmMessage = (auditId: string, requestId: string) =>
  outboxMessage('alert.send', { audit_id: auditId }, { lane: LANE, key: auditId, requestId });
