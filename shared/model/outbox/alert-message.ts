import type { LeasedMessage } from '../../db/outbox.ts';
import { outboxMessage } from './outbox-message.ts';

const LANE = 'alert';

/** Asks for a person to be told that a message was given up. */
export const alertMessage = ({ id, requestId }: Pick<LeasedMessage, 'id' | 'requestId'>) =>
  outboxMessage('alert.send', { message_id: id }, { lane: LANE, key: id, requestId });

/** Asks for a person to be told what an entry of the audit log says. */
export const alarmMessage = (auditId: string, requestId: string) =>
  outboxMessage('alert.send', { audit_id: auditId }, { lane: LANE, key: auditId, requestId });
