import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';

export type CloudResourceKind = 'edge_record' | 'dns_cname' | 'push_hook';

/** The intent ledger: `intend` is committed before the call that creates the resource, `confirm` after it. */
export const cloudResourceRepository = (db: Queryable) => ({
  async intend(resource: { kind: CloudResourceKind; externalId: string; projectId: string }): Promise<void> {
    await db.query(sql`
      insert into cloud_resources (kind, external_id, project_id, state)
      values (${resource.kind}, ${resource.externalId}, ${resource.projectId}, 'intended')
      on conflict (kind, external_id) do nothing`);
  },
  async confirm(kind: CloudResourceKind, externalId: string): Promise<void> {
    await db.query(sql`
      update cloud_resources set state = 'present', confirmed_at = db_now()
       where kind = ${kind} and external_id = ${externalId}`);
  },
  /** Resources that were created and not checked for this long, longest ago first. */
  listUnconfirmed(
    kind: CloudResourceKind,
    olderThanSeconds: number,
    limit: number,
  ): Promise<{ externalId: string; projectId: string }[]> {
    return db.query(sql`
      select external_id, project_id from cloud_resources
       where kind = ${kind} and state = 'present'
         and confirmed_at <= db_now() - make_interval(secs => ${olderThanSeconds})
       order by confirmed_at, external_id limit ${limit}`);
  },
  /** Marks it for removal; one that was never created stays unknown. */
  async startRemoving(externalId: string): Promise<void> {
    await db.query(sql`update cloud_resources set state = 'deleting' where external_id = ${externalId}`);
  },
  /** Deletes the record of a removed resource. */
  async forget(kind: CloudResourceKind, externalId: string): Promise<void> {
    await db.query(sql`delete from cloud_resources where kind = ${kind} and external_id = ${externalId}`);
  },
  /** Marks everything created for a project for removal. */
  async startDeleting(projectId: string): Promise<void> {
    await db.query(sql`update cloud_resources set state = 'deleting' where project_id = ${projectId}`);
  },
  async isPresent(kind: CloudResourceKind, externalId: string): Promise<boolean> {
    const rows = await db.query(sql`
      select 1 from cloud_resources where kind = ${kind} and external_id = ${externalId} and state = 'present'`);
    return rows.length > 0;
  },
});
