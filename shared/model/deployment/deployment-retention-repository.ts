import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { Deployment } from './deployment.ts';

/** Whether a deployment's external resources may be deleted. */
export interface DeploymentStanding {
  readonly id: string;
  readonly slug: string;
  /** It has ended, is not visible, and nothing needs it. */
  readonly over: boolean;
}

export interface CompleteDeployment {
  readonly id: string;
  readonly slug: string;
  readonly shards: number | null;
}

/** A write to the edge may land this long after it was begun: its signature is valid for fifteen minutes. */
const LATE_WRITE_SECONDS = 16 * 60;

/** Which deployments are kept, and what cleanup does with the others. */
export const deploymentRetentionRepository = (db: Queryable) => ({
  /** Pins a deployment, however old it gets, or unpins it. Only a complete one; lock the environment first. */
  async setPinned(id: string, pinned: boolean): Promise<boolean> {
    const rows = await db.query(sql`
      update deployments set pinned_at = case when ${pinned} then coalesce(pinned_at, db_now()) end
       where id = ${id} and status = 'deployed' returning 1`);
    return rows.length > 0;
  },

  /**
   * What cleanup may purge in an environment: deployed, not protected (current, published, possibly exposed lately, pinned), not at a
   * hostname that was not compared since the last moment at which a write of it may have landed there, not among
   * the newest `keep`, and retired for longer than `graceSeconds`; in a disabled environment, everything unprotected. Lock the
   * environment first.
   */
  listPurgeable(environmentId: string, keep: number, graceSeconds: number): Promise<{ id: string }[]> {
    return db.query<{ id: string }>(sql`
      select d.id from deployments d
       where d.environment_id = ${environmentId} and d.status = 'deployed'
         and d.id not in (select id from protected_deployments)
         and not exists (
           select 1 from route_exposures x join routes r on r.hostname = x.hostname
            where x.deployment_id = d.id
              and (r.verified_at is null or r.verified_at < x.exposed_at + make_interval(secs => ${LATE_WRITE_SECONDS})))
         and (
           exists (select 1 from environments e where e.id = ${environmentId} and e.disabled_at is not null)
           or coalesce(d.retired_at, d.finished_at) < db_now() - make_interval(secs => ${graceSeconds})
              and d.id not in (
                select x.id from deployments x
                 where x.environment_id = ${environmentId} and x.status = 'deployed' order by x.seq desc limit ${keep}))
       order by d.seq`);
  },

  /**
   * Deployments that ended for good this long ago and may have left something outside: a manifest, or late uploads. Excludes those that
   * may be visible, whatever their status, and those of a project that is being deleted as a whole.
   */
  listLeftovers(afterSeconds: number, limit: number): Promise<{ id: string; slug: string }[]> {
    return db.query(sql`
      select d.id, p.slug from deployments d join projects p on p.id = d.project_id and p.deleting_at is null
       where d.emptied_at is null and d.status in ('failed', 'cancelled', 'purged')
         and d.finished_at < db_now() - make_interval(secs => ${afterSeconds})
         and d.id not in (select id from protected_deployments)
       order by d.finished_at, d.id limit ${limit}`);
  },

  /** Records that nothing of it is left outside, so it is not examined again. */
  async markEmptied(id: string): Promise<void> {
    await db.query(sql`update deployments set emptied_at = db_now() where id = ${id}`);
  },

  /** What an inventory needs to know about the deployments it found; ids without a row are unknown. */
  findStanding(ids: readonly string[]): Promise<DeploymentStanding[]> {
    return db.query<DeploymentStanding>(sql`
      select d.id, p.slug,
             d.status in ('failed', 'cancelled', 'purged') and p.deleting_at is null
               and d.id not in (select id from protected_deployments) as over
        from deployments d join projects p on p.id = d.project_id where d.id = any (${ids}::uuid[])`);
  },

  /** Deployments that were complete at that time and are still kept: all of their resources must exist. Starting above `afterId`. */
  listComplete(before: Date, options: { limit: number; afterId: string | undefined }): Promise<CompleteDeployment[]> {
    return db.query<CompleteDeployment>(sql`
      select d.id, d.shards, p.slug from deployments d join projects p on p.id = d.project_id and p.deleting_at is null
       where d.status = 'deployed' and d.finished_at < ${before}
         and (${options.afterId ?? null}::uuid is null or d.id > ${options.afterId ?? null}::uuid)
       order by d.id limit ${options.limit}`);
  },

  /** Deployments of a project whose files must stay: all that are or may still become visible. */
  listWithManifest(projectId: string): Promise<Pick<Deployment, 'id' | 'status' | 'attempt'>[]> {
    return db.query(sql`
      select id, status, attempt from deployments
       where project_id = ${projectId}
         and (status in ('uploading', 'deploying', 'deployed') or id in (select id from protected_deployments))`);
  },
});
