import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

/** What was done, by whom, to what. Never a secret. */
export interface AuditEntry {
  /** `user:{id}`, or the function that did it. */
  readonly actor: string;
  /** What happened, as `noun.verb`. */
  readonly action: string;
  /** The shown id or the hostname it was done to. */
  readonly subject: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly requestId: string;
}

/** Append-only: the database refuses to change or delete an entry. */
export const auditLogRepository = (db: Queryable) => ({
  async append(entry: AuditEntry): Promise<void> {
    await db.query(sql`
      insert into audit_log (actor, action, subject, details, request_id)
      values (${entry.actor}, ${entry.action}, ${entry.subject}, ${JSON.stringify(entry.details ?? {})}::jsonb, ${entry.requestId})`);
  },
});
export type AuditLogRepository = ReturnType<typeof auditLogRepository>;
