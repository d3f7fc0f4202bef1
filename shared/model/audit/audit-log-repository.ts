import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { AppError } from '../../kernel/app-error.ts';

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

export interface StoredAuditEntry extends Required<AuditEntry> {
  readonly id: string;
  readonly createdAt: Date;
}

/** Append-only: the database refuses to change or delete an entry. */
export const auditLogRepository = (db: Queryable) => ({
  async append(entry: AuditEntry): Promise<string> {
    const [row] = await db.query<{ id: string }>(sql`
      insert into audit_log (actor, action, subject, details, request_id)
      values (${entry.actor}, ${entry.action}, ${entry.subject}, ${JSON.stringify(entry.details ?? {})}::jsonb, ${entry.requestId})
      returning id`);
    if (!row) throw new AppError('internal', { message: 'insert returned nothing' });
    return row.id;
  },

  /** Whether the same was said about the same subject lately. */
  async isRecent(entry: Pick<AuditEntry, 'action' | 'subject'>, withinSeconds: number): Promise<boolean> {
    const rows = await db.query(sql`
      select 1 from audit_log
       where subject = ${entry.subject} and action = ${entry.action}
         and created_at > db_now() - make_interval(secs => ${withinSeconds}) limit 1`);
    return rows.length > 0;
  },

  async find(id: string): Promise<StoredAuditEntry | undefined> {
    const [row] = await db.query<StoredAuditEntry>(sql`
      select id, actor, action, subject, details, request_id, created_at from audit_log where id = ${id}`);
    return row;
  },
});
export type AuditLogRepository = ReturnType<typeof auditLogRepository>;
