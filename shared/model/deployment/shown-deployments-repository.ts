import type { Queryable } from '../../db/database.ts';
import { joinSql, type Sql, sql } from '../../db/sql.ts';
import type { Deployment, DeploymentTrigger } from './deployment.ts';
import { deploymentColumns } from './deployment-columns-sql.ts';
import type { StoredStatus } from './deployment-lifecycle.ts';
import { waitsForBuild } from './waits-for-build-sql.ts';

/** A deployment with what is shown beside it. */
export interface ShownDeployment extends Deployment {
  readonly environmentName: string;
  readonly current: boolean;
  readonly projectSlug: string;
  /** Position among its account's deployments that wait for a build; 1 is next. Null once its run was requested. */
  readonly queuePosition: number | null;
}

const shown = (condition: Sql, order: Sql, limit: number) => sql`
  select ${deploymentColumns}, e.name as environment_name, e.current_deployment_id is not distinct from d.id as current, p.slug as project_slug,
         case when ${waitsForBuild(sql`d`)} then (
           select count(*) from deployments q join projects o on o.id = q.project_id
            where ${waitsForBuild(sql`q`)} and o.user_id = p.user_id and q.id <= d.id
         ) end as queue_position
    from deployments d
    join environments e on e.id = d.environment_id
    join projects p on p.id = d.project_id
   where ${condition} order by ${order} limit ${limit}`;

/** Filters of a list of deployments. Environment, commit and trigger have indexes that support paging. */
export interface DeploymentFilter {
  readonly environmentId?: string | undefined;
  readonly statuses?: readonly StoredStatus[] | undefined;
  readonly branch?: string | undefined;
  readonly commitSha?: string | undefined;
  readonly trigger?: DeploymentTrigger | undefined;
}

function filtering({ environmentId, statuses, branch, commitSha, trigger }: DeploymentFilter): Sql[] {
  const conditions: Sql[] = [];
  if (environmentId !== undefined) conditions.push(sql`d.environment_id = ${environmentId}`);
  const [status, ...others] = statuses ?? [];
  if (status !== undefined) {
    conditions.push(others.length === 0 ? sql`d.status = ${status}` : sql`d.status = any (${statuses}::text[])`);
  }
  if (branch !== undefined) conditions.push(sql`d.branch = ${branch}`);
  if (commitSha !== undefined) conditions.push(sql`d.commit_sha = ${commitSha}`);
  if (trigger !== undefined) conditions.push(sql`d.trigger = ${trigger}`);
  // A literal, so that the partial index is used whether or not the planner knows the parameter's value.
  if (trigger !== undefined && trigger !== 'push') conditions.push(sql`d.trigger <> 'push'`);
  return conditions;
}

/** One event of a deployment: a move, or a user's action. */
export interface DeploymentEvent {
  readonly id: string;
  /** `moved`, or the audit log's name for it. */
  readonly kind: string;
  readonly fromStatus: StoredStatus | null;
  readonly toStatus: StoredStatus | null;
  /** The function, or the user's shown id. */
  readonly by: string;
  readonly note: string | null;
  readonly requestId: string;
  readonly createdAt: Date;
}

/** Deployments as shown to users. */
export const shownDeploymentsRepository = (db: Queryable) => ({
  /** A deployment of a project. */
  async find(projectId: string, id: string): Promise<ShownDeployment | undefined> {
    const condition = sql`d.project_id = ${projectId} and d.id = ${id}`;
    const [row] = await db.query<ShownDeployment>(shown(condition, sql`d.id`, 1));
    return row;
  },

  /** Newest first, from just below `beforeId`. */
  list(
    projectId: string,
    options: { limit: number; beforeId: string | undefined; filter?: DeploymentFilter },
  ): Promise<ShownDeployment[]> {
    const conditions = [sql`d.project_id = ${projectId}`, ...filtering(options.filter ?? {})];
    if (options.beforeId !== undefined) conditions.push(sql`d.id < ${options.beforeId}`);
    return db.query<ShownDeployment>(shown(joinSql(conditions, ' and '), sql`d.id desc`, options.limit));
  },

  /** A deployment's events, oldest first, starting above `afterId`: its moves, and the audit log entries for its public id. */
  listEvents(
    deployment: { readonly id: string; readonly shownId: string },
    options: { limit: number; afterId: string | undefined },
  ): Promise<DeploymentEvent[]> {
    const after = options.afterId ?? null;
    return db.query<DeploymentEvent>(sql`
      select * from (
        select id, 'moved' as kind, from_status, to_status, moved_by as by, note, request_id, created_at
          from deployment_events where deployment_id = ${deployment.id} and (${after}::uuid is null or id > ${after}::uuid)
        union all
        select id, action, null, null, actor, null, request_id, created_at
          from audit_log where subject = ${deployment.shownId} and (${after}::uuid is null or id > ${after}::uuid)
      ) events order by id limit ${options.limit}`);
  },
});
