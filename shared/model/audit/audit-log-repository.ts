import type { Queryable } from '../../db/database.ts';
import { joinSql, type Sql, sql } from '../../db/sql.ts';
import { AppError } from '../../kernel/app-error.ts';
import { readId } from '../../kernel/ids.ts';

/** What was done, by whom, to what. Never a secret. */
export interface AuditEntry {
  /** `user:{id}`, or the function that did it. */
  readonly actor: string;
  /** What happened, as `noun.verb`. */
  readonly action: string;
  /** The public id or hostname it was done to. */
  readonly subject: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly requestId: string;
  /** The project it is about; found automatically when the subject is a project or a deployment. */
  readonly projectId?: string;
  /** The network address of the request. */
  readonly address?: string | undefined;
}

export interface StoredAuditEntry {
  readonly id: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly requestId: string;
  /** The user who did it; null when a function did. */
  readonly userId: string | null;
  readonly projectId: string | null;
  readonly address: string | null;
  readonly createdAt: Date;
}

export interface AuditPage {
  readonly limit: number;
  readonly beforeId: string | undefined;
  readonly action: string | undefined;
}

const columns = sql`id, actor, action, subject, details, request_id, user_id, project_id, address, created_at`;

/** Newest first, using one index of the table. */
function newest(which: readonly Sql[], { limit, beforeId, action }: AuditPage): Sql {
  const conditions = [
    ...which,
    ...(action === undefined ? [] : [sql`action = ${action}`]),
    ...(beforeId === undefined ? [] : [sql`id < ${beforeId}`]),
  ];
  const where = conditions.length === 0 ? sql`true` : joinSql(conditions, ' and ');
  return sql`select ${columns} from audit_log where ${where} order by id desc limit ${limit}`;
}

/** Append-only: the database refuses to change or delete an entry. */
export const auditLogRepository = (db: Queryable) => ({
  /** Also records who may read the entry: the actor, and the account it was done to. */
  async append(entry: AuditEntry): Promise<string> {
    const userId = readId('user', entry.actor) ?? null;
    const project = entry.projectId ?? readId('project', entry.subject) ?? null;
    const deployment = readId('deployment', entry.subject) ?? null;
    const [row] = await db.query<{ id: string }>(sql`
      with about as (
        select coalesce(${project}::uuid, (select d.project_id from deployments d where d.id = ${deployment}::uuid)) as project_id
      )
      insert into audit_log (actor, action, subject, details, request_id, address, user_id, project_id, owner_id)
      select ${entry.actor}, ${entry.action}, ${entry.subject}, ${JSON.stringify(entry.details ?? {})}::jsonb,
             ${entry.requestId}, ${entry.address ?? null}, ${userId}::uuid, a.project_id,
             coalesce((select p.user_id from projects p where p.id = a.project_id),
                      ${readId('user', entry.subject) ?? null}::uuid, ${userId}::uuid)
        from about a
      returning id`);
    if (!row) throw new AppError('internal', { message: 'insert returned nothing' });
    return row.id;
  },

  /** For the rest of the transaction: whether no other is about to append an entry with this action and subject. Never waits. */
  async tryLock({ action, subject }: Pick<AuditEntry, 'action' | 'subject'>): Promise<boolean> {
    const [row] = await db.query<{ locked: boolean }>(
      sql`select pg_try_advisory_xact_lock(hashtextextended(${`${action} ${subject}`}, 43)) as locked`,
    );
    return row?.locked === true;
  },

  /** Whether there is a recent entry with this action and subject. */
  async isRecent(entry: Pick<AuditEntry, 'action' | 'subject'>, withinSeconds: number): Promise<boolean> {
    const rows = await db.query(sql`
      select 1 from audit_log
       where subject = ${entry.subject} and action = ${entry.action}
         and created_at > db_now() - make_interval(secs => ${withinSeconds}) limit 1`);
    return rows.length > 0;
  },

  /** How many entries with this action and subject there are within the last so many seconds. */
  async countRecent(
    { action, subject }: Pick<AuditEntry, 'action' | 'subject'>,
    withinSeconds: number,
  ): Promise<number> {
    const [row] = await db.query<{ count: number }>(sql`
      select count(*) as count from audit_log
       where subject = ${subject} and action = ${action} and created_at > db_now() - make_interval(secs => ${withinSeconds})`);
    return row?.count ?? 0;
  },

  async find(id: string): Promise<StoredAuditEntry | undefined> {
    const [row] = await db.query<StoredAuditEntry>(sql`select ${columns} from audit_log where id = ${id}`);
    return row;
  },

  /** What a user did, and what was done to their account and projects. Newest first, starting below `beforeId`. */
  listOfUser(userId: string, page: AuditPage): Promise<StoredAuditEntry[]> {
    // Each half uses its own index; `or` would read and sort all rows of both.
    return db.query(sql`
      select * from (
        (${newest([sql`user_id = ${userId}`], page)}) union (${newest([sql`owner_id = ${userId}`], page)})
      ) own order by id desc limit ${page.limit}`);
  },

  /** What was done to these projects. */
  listOfProjects(projectIds: readonly string[], page: AuditPage): Promise<StoredAuditEntry[]> {
    // An index scan for each; `= any` would read and sort all of their rows.
    return db.query(sql`
      select e.* from unnest(${projectIds}::uuid[]) own (project),
             lateral (${newest([sql`project_id = own.project`], page)}) e
       order by e.id desc limit ${page.limit}`);
  },

  /** All entries, or those of one user's actions. */
  list({ userId, ...page }: AuditPage & { readonly userId: string | undefined }): Promise<StoredAuditEntry[]> {
    return db.query(newest(userId === undefined ? [] : [sql`user_id = ${userId}`], page));
  },
});
