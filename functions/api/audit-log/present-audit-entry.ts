import type { AuditEntry } from '@miaobu/shared/contracts/audit-log';
import { showId } from '@miaobu/shared/kernel/ids';
import type { StoredAuditEntry } from '@miaobu/shared/model/audit/audit-log-repository';

/** The address is shown to the user it belongs to, and to administrators. */
export const presentAuditEntry = (entry: StoredAuditEntry, showsAddress: boolean): AuditEntry => ({
  id: showId('auditEntry', entry.id),
  actor: entry.actor,
  action: entry.action,
  subject: entry.subject,
  project_id: entry.projectId === null ? null : showId('project', entry.projectId),
  details: { ...entry.details },
  address: showsAddress ? entry.address : null,
  request_id: entry.requestId,
  created_at: entry.createdAt.toISOString(),
});
