import type { Queryable } from '../../db/database.ts';
import { type Sql, sql } from '../../db/sql.ts';
import { AppError } from '../../kernel/app-error.ts';
import type { AttemptKey } from '../build/build-attempt-repository.ts';

/** A project's usage within some days, and its present storage. */
export interface ProjectUsage {
  readonly projectId: string;
  /** Null: the project is deleted, or is being deleted. */
  readonly slug: string | null;
  readonly builds: number;
  readonly buildSeconds: number;
  readonly storedBytes: number;
}

export interface AccountStats {
  readonly projects: number;
  readonly activeDeployments: number;
  readonly buildsThisMonth: number;
}

/** Billing days and months: Aliyun's are in UTC+8. */
const BILL_ZONE = 'Asia/Shanghai';
const billDay = sql`(db_now() at time zone ${BILL_ZONE})::date`;
/** When the billing month began. */
const monthBegan = sql`date_trunc('month', db_now() at time zone ${BILL_ZONE}) at time zone ${BILL_ZONE}`;

/** An account's usage. Each fact has a key, so recording it is idempotent. */
export const usageRepository = (db: Queryable) => ({
  /** Machine time of an attempt in seconds, from its ticket to its end. Uploads use no machine of ours. */
  async recordBuild(key: AttemptKey): Promise<void> {
    await db.query(sql`
      with counted as (
        insert into usage_events (user_id, project_id, deployment_id, attempt, kind, amount)
        select p.user_id, p.id, d.id, a.attempt, 'build_seconds', greatest(0, extract(epoch from db_now() - a.redeemed_at))
          from build_attempts a join deployments d on d.id = a.deployment_id join projects p on p.id = d.project_id
         where a.deployment_id = ${key.deploymentId} and a.attempt = ${key.attempt} and a.redeemed_at is not null
           and d.trigger <> 'upload'
        on conflict (deployment_id, attempt, kind) do nothing
        returning user_id, project_id, amount
      )
      insert into usage_days (user_id, project_id, day, builds, build_seconds)
      select user_id, project_id, ${billDay}, 1, amount from counted
      on conflict (user_id, day, project_id) do update
        set builds = usage_days.builds + 1, build_seconds = usage_days.build_seconds + excluded.build_seconds`);
  },

  /** Bytes of a deployment's contents, deduplicated and including compressed forms, recorded when they were verified. */
  async recordStored(key: AttemptKey, bytes: number): Promise<void> {
    await db.query(sql`
      insert into usage_events (user_id, project_id, deployment_id, attempt, kind, amount)
      select p.user_id, p.id, d.id, ${key.attempt}, 'stored_bytes', ${bytes}
        from deployments d join projects p on p.id = d.project_id where d.id = ${key.deploymentId}
      on conflict (deployment_id, attempt, kind) do nothing`);
  },

  /** Bytes of the verified files of all of an account's projects. */
  async storedBytes(userId: string): Promise<number> {
    const [row] = await db.query<{ bytes: number | null }>(sql`
      select sum(b.bytes)::bigint as bytes from blobs b join projects p on p.id = b.project_id
       where p.user_id = ${userId} and b.verified_at is not null`);
    return row?.bytes ?? 0;
  },

  /**
   * The same plus reservations: as long as there is a row, its object may exist. Reservations of a failed build count until the sweep has
   * deleted them, two hours after they were last requested; by then no upload link is valid. (Stopping earlier would miss files that were
   * uploaded but never reported.)
   */
  async claimedBytes(userId: string): Promise<number> {
    const [row] = await db.query<{ bytes: number | null }>(sql`
      select sum(b.bytes)::bigint as bytes from blobs b join projects p on p.id = b.project_id where p.user_id = ${userId}`);
    return row?.bytes ?? 0;
  },

  /** Today and the 1st of this month, as `YYYY-MM-DD`. */
  async billDays(): Promise<{ readonly today: string; readonly first: string }> {
    const [row] = await db.query<{ today: string; first: string }>(sql`
      select ${billDay}::text as today, date_trunc('month', ${billDay})::date::text as first`);
    if (!row) throw new AppError('internal', { message: 'the clock does not answer' });
    return row;
  },

  /**
   * Each project's usage between two days and its present storage; restricted to `onlyIds` if given. Reads only daily totals and present
   * files, however many builds there were.
   */
  ofProjects(
    userId: string,
    { from, to, onlyIds }: { from: string; to: string; onlyIds: readonly string[] | null },
  ): Promise<ProjectUsage[]> {
    const only = (id: Sql) => (onlyIds === null ? sql`true` : sql`${id} = any (${onlyIds}::uuid[])`);
    return db.query<ProjectUsage>(sql`
      with own as (
        select id, slug from projects where user_id = ${userId} and deleting_at is null and ${only(sql`id`)}
      ), used as (
        select project_id, sum(builds) as builds, sum(build_seconds) as build_seconds
          from usage_days
         where user_id = ${userId} and day between ${from}::date and ${to}::date and ${only(sql`project_id`)}
         group by project_id
      ), stored as (
        select b.project_id, sum(b.bytes) as bytes from own join blobs b on b.project_id = own.id
         where b.verified_at is not null group by b.project_id
      )
      select coalesce(own.id, used.project_id) as project_id, own.slug,
             coalesce(used.builds, 0)::bigint as builds, coalesce(used.build_seconds, 0) as build_seconds,
             coalesce(stored.bytes, 0)::bigint as stored_bytes
        from own full join used on used.project_id = own.id left join stored on stored.project_id = own.id
       order by build_seconds desc, project_id`);
  },

  async stats(userId: string, onlyIds: readonly string[] | null): Promise<AccountStats> {
    const only = onlyIds === null ? sql`true` : sql`id = any (${onlyIds}::uuid[])`;
    const [row] = await db.query<AccountStats>(sql`
      with own as materialized (select id from projects where user_id = ${userId} and deleting_at is null and ${only})
      select (select count(*) from own) as projects,
             (select count(*) from own join deployments d on d.project_id = own.id
               where d.status in ('queued', 'cloning', 'building', 'uploading', 'deploying')) as active_deployments,
             (select count(*) from own join deployments d on d.project_id = own.id
               where d.created_at >= ${monthBegan}) as builds_this_month`);
    return row ?? { projects: 0, activeDeployments: 0, buildsThisMonth: 0 };
  },
});
