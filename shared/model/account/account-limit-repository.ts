import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { AppError } from '../../kernel/app-error.ts';
import { waitsForBuild } from '../deployment/waits-for-build-sql.ts';

export interface AccountLimits {
  readonly maxActiveBuilds: number;
  readonly maxBuildsPerHour: number;
  readonly maxProjects: number;
  readonly maxStorageBytes: number;
}

/** An account's usage when one of its deployments asks for a build. */
export interface BuildLoad {
  /** Builds for which a run was requested and that have not ended. */
  readonly active: number;
  /** Waiting deployments that were queued before this one. */
  readonly ahead: number;
  /** Attempts started within the last hour. */
  readonly lastHour: number;
}

/** An account's limits (columns of `users`) and how much of them is used. */
export const accountLimitRepository = (db: Queryable) => ({
  async find(userId: string): Promise<AccountLimits> {
    const [row] = await db.query<AccountLimits>(sql`
      select max_active_builds, max_builds_per_hour, max_projects, max_storage_bytes from users where id = ${userId}`);
    if (!row) throw new AppError('not_found');
    return row;
  },

  /** The same, with the account locked, so that concurrent requests for builds are counted one after the other. */
  async lock(userId: string): Promise<AccountLimits> {
    const [row] = await db.query<AccountLimits>(sql`
      select max_active_builds, max_builds_per_hour, max_projects, max_storage_bytes
        from users where id = ${userId} for update`);
    if (!row) throw new AppError('not_found');
    return row;
  },

  /** Throws `not_found`. */
  async replace(userId: string, limits: AccountLimits): Promise<void> {
    const rows = await db.query(sql`
      update users
         set max_active_builds = ${limits.maxActiveBuilds}, max_builds_per_hour = ${limits.maxBuildsPerHour},
             max_projects = ${limits.maxProjects}, max_storage_bytes = ${limits.maxStorageBytes}
       where id = ${userId} returning 1`);
    if (rows.length === 0) throw new AppError('not_found');
  },

  /** Uploads need no build machine, so they do not count. */
  async buildLoad(userId: string, deploymentId: string): Promise<BuildLoad> {
    const [row] = await db.query<BuildLoad>(sql`
      with own as (
        select d.id, ${waitsForBuild(sql`d`)} as waits
          from deployments d join projects p on p.id = d.project_id
         where p.user_id = ${userId} and d.trigger <> 'upload'
           and d.status in ('queued', 'cloning', 'building', 'uploading')
      )
      select (select count(*) from own where not waits) as active,
             (select count(*) from own where waits and id < ${deploymentId}) as ahead,
             (select count(*) from build_attempts a
                join deployments d on d.id = a.deployment_id join projects p on p.id = d.project_id
               where p.user_id = ${userId} and d.trigger <> 'upload' and a.created_at > db_now() - interval '1 hour') as last_hour`);
    return row ?? { active: 0, ahead: 0, lastHour: 0 };
  },

  /** The account's deployment that has waited longest for a build, with its request id. */
  async findLongestWaiting(userId: string): Promise<{ id: string; requestId: string } | undefined> {
    const [row] = await db.query<{ id: string; requestId: string }>(sql`
      select d.id, d.request_id
        from deployments d join projects p on p.id = d.project_id
       where p.user_id = ${userId} and ${waitsForBuild(sql`d`)}
       order by d.id limit 1`);
    return row;
  },

  async countProjects(userId: string): Promise<number> {
    const [row] = await db.query<{ count: number }>(
      sql`select count(*) as count from projects where user_id = ${userId} and deleting_at is null`,
    );
    return row?.count ?? 0;
  },
});
