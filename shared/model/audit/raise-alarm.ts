import { alarmMessage } from '../outbox/alert-message.ts';
import type { Repositories } from '../repositories.ts';
import type { Alarm } from './alarms.ts';
import type { AuditEntry } from './audit-log-repository.ts';

const ONCE_IN_SECONDS = 20 * 60 * 60;

/** Records something that needs a person, and alerts the operator. At most once a day for the same action and subject. */
export async function raiseAlarm(
  repositories: Pick<Repositories, 'auditLog' | 'enqueue'>,
  entry: AuditEntry & { readonly action: Alarm },
): Promise<void> {
  // A provider that fails makes ten messages fail at once: one of them is enough.
  if (!(await repositories.auditLog.tryLock(entry))) return;
  if (await repositories.auditLog.isRecent(entry, ONCE_IN_SECONDS)) return;
  const id = await repositories.auditLog.append(entry);
  await repositories.enqueue(alarmMessage(id, entry.requestId));
}
