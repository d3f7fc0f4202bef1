import type { Queryable } from '../../db/database.ts';
import { joinSql, type Sql, sql } from '../../db/sql.ts';
import type { Deployment, DeploymentTrigger } from './deployment.ts';
import { deploymentColumns } from './deployment-columns-sql.ts';
import { deadlineSeconds, type Mover, type StoredStatus } from './deployment-lifecycle.ts';
import { inserting, type NewDeployment, takingPlace, wanting } from './insert-deployment-sql.ts';
import { type Move, moveAll } from './move-deployments-sql.ts';

/** A deployment together with what is shown beside it. */
export interface ShownDeployment extends Deployment {
  readonly environmentName: string;
  readonly current: boolean;
  readonly projectSlug: string;
  /** While it waits for a build: 1 is next. */
  readonly queuePosition: number | null;
}

/** What becomes of what a deployment has outside. */
export interface DeploymentStanding {
  readonly id: string;
  readonly slug: string;
  /** It has ended, nobody can see it, and nothing of it is needed any more. */
  readonly over: boolean;
}

export interface CompleteDeployment {
  readonly id: string;
  readonly slug: string;
  readonly shards: number | null;
}

const shown = (condition: Sql, order: Sql, limit: number) => sql`
  select ${deploymentColumns}, e.name as environment_name, e.current_deployment_id is not distinct from d.id as current, p.slug as project_slug,
         case when d.status = 'queued' and d.trigger <> 'upload' then (
           select count(*) from deployments q join projects o on o.id = q.project_id
            where q.status = 'queued' and q.trigger <> 'upload' and o.user_id = p.user_id and q.id <= d.id
         ) end as queue_position
    from deployments d
    join environments e on e.id = d.environment_id
    join projects p on p.id = d.project_id
   where ${condition} order by ${order} limit ${limit}`;

/** What a list of deployments is narrowed to. Environment, commit and trigger have indexes that go on where a page ended. */
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
  // Written out, so that the index of the few is used whatever the plan knows of the parameter.
  if (trigger !== undefined && trigger !== 'push') conditions.push(sql`d.trigger <> 'push'`);
  return conditions;
}

/** One thing that happened to a deployment: a move, or what somebody did to it. */
export interface DeploymentEvent {
  readonly id: string;
  /** `moved`, or what the audit log calls it. */
  readonly kind: string;
  readonly fromStatus: StoredStatus | null;
  readonly toStatus: StoredStatus | null;
  /** The function, or the user's shown id. */
  readonly by: string;
  readonly note: string | null;
  readonly requestId: string;
  readonly createdAt: Date;
}

/** Of `deployments d` with their current attempt `a`. */
const overdue = (silenceSeconds: number) => sql`
  (d.deadline_at < db_now() and d.status in ('cloning', 'building', 'uploading', 'deploying', 'purging'))
  or (d.deadline_at < db_now() and d.status = 'queued' and a.state = 'dispatched')
  or (d.status in ('cloning', 'building', 'uploading')
      and a.last_seen_at < db_now() - make_interval(secs => ${silenceSeconds}))`;

/** Deployments and the events of their history. `deployment-lifecycle.ts` says which moves there are. */
export const deploymentRepository = (db: Queryable) => ({
  async find(id: string): Promise<Deployment | undefined> {
    const [row] = await db.query<Deployment>(sql`select ${deploymentColumns} from deployments d where d.id = ${id}`);
    return row;
  },

  /** Locks the row for the rest of the transaction. Lock the environment first. */
  async lock(id: string): Promise<Deployment | undefined> {
    const [row] = await db.query<Deployment>(
      sql`select ${deploymentColumns} from deployments d where d.id = ${id} for update`,
    );
    return row;
  },

  async findShown(projectId: string, id: string): Promise<ShownDeployment | undefined> {
    const condition = sql`d.project_id = ${projectId} and d.id = ${id}`;
    const [row] = await db.query<ShownDeployment>(shown(condition, sql`d.id`, 1));
    return row;
  },

  /** Newest first, from just below `beforeId`. */
  listShown(
    projectId: string,
    options: { limit: number; beforeId: string | undefined; filter?: DeploymentFilter },
  ): Promise<ShownDeployment[]> {
    const conditions = [sql`d.project_id = ${projectId}`, ...filtering(options.filter ?? {})];
    if (options.beforeId !== undefined) conditions.push(sql`d.id < ${options.beforeId}`);
    return db.query<ShownDeployment>(shown(joinSql(conditions, ' and '), sql`d.id desc`, options.limit));
  },

  /** Newest deployment of an environment, whatever became of it. */
  async findNewest(environmentId: string): Promise<Deployment | undefined> {
    const [row] = await db.query<Deployment>(sql`
      select ${deploymentColumns} from deployments d where d.environment_id = ${environmentId} order by d.seq desc limit 1`);
    return row;
  },

  /** Newest deployment that came from the branch: what was deployed once more says nothing about the head. */
  async findNewestOfBranch(environmentId: string): Promise<Deployment | undefined> {
    const [row] = await db.query<Deployment>(sql`
      select ${deploymentColumns} from deployments d
       where d.environment_id = ${environmentId} and d.from_head order by d.seq desc limit 1`);
    return row;
  },

  /** Newest deployment of a commit in an environment. */
  async findNewestOfCommit(environmentId: string, commitSha: string): Promise<Deployment | undefined> {
    const [row] = await db.query<Deployment>(sql`
      select ${deploymentColumns} from deployments d
       where d.environment_id = ${environmentId} and d.commit_sha = ${commitSha} order by d.seq desc limit 1`);
    return row;
  },

  /**
   * Takes the next place in the order of the environment, which is locked, for a deployment with the variables of this moment. Undefined when
   * its project is being deleted; the place is then gone, if the transaction is committed all the same.
   */
  async insertNext(deployment: NewDeployment, by: Mover): Promise<Deployment | undefined> {
    const [row] = await db.query<Deployment>(sql`
      with ${wanting([deployment])}, place as (
        update environments e set ${takingPlace} from wanted w where e.id = w.environment_id returning w.n, e.next_seq - 1 as seq
      ), ${inserting(by)}
      select ${deploymentColumns} from d`);
    return row;
  },

  /** Moves one deployment. Undefined when the lifecycle does not allow the move from where it is (any more). */
  async move(id: string, move: Move): Promise<Deployment | undefined> {
    const [moved] = await moveAll(db, sql`id = ${id}`, move);
    return moved;
  },

  /** Moves every deployment of an environment that no run has taken up yet, or all but heads of its branch. Lock the environment first. */
  moveQueued: (
    environmentId: string,
    move: Omit<Move, 'from'>,
    { headsToo }: { readonly headsToo: boolean },
  ): Promise<Deployment[]> =>
    moveAll(
      db,
      // Literally, so that the index of those in the queue serves: all others of the environment are many more.
      sql`environment_id = ${environmentId} and status = 'queued' and (${headsToo} or not from_head)`,
      { ...move, from: ['queued'] },
    ),

  /**
   * The next build attempt begins: every token of the one before is void from here on. Its run has the whole time of a queued deployment to
   * begin, however long the deployment has waited for a place.
   */
  async startAttempt(id: string): Promise<number | undefined> {
    const [row] = await db.query<{ attempt: number }>(sql`
      update deployments
         set attempt = attempt + 1, deadline_at = db_now() + make_interval(secs => ${deadlineSeconds.queued})
       where id = ${id} and status = 'queued' returning attempt`);
    return row?.attempt;
  },

  /** Records what verification found in the artifact. */
  async describeArtifact(
    id: string,
    found: { files: number; bytes: number; shards: number; spa: boolean },
  ): Promise<void> {
    await db.query(sql`
      update deployments set files = ${found.files}, bytes = ${found.bytes}, shards = ${found.shards}, spa = ${found.spa}
       where id = ${id}`);
  },

  async markActivated(id: string): Promise<void> {
    await db.query(sql`
      update deployments
         set activated_at = db_now(), published_at = null, live_everywhere_at = null, retired_at = null,
             reason = null, reason_message = null
       where id = ${id}`);
  },

  async markRetired(id: string): Promise<void> {
    await db.query(sql`update deployments set retired_at = db_now() where id = ${id}`);
  },

  async markPublished(id: string): Promise<void> {
    await db.query(sql`update deployments set published_at = coalesce(published_at, db_now()) where id = ${id}`);
  },

  /** Seconds since it was published; undefined when it is not. */
  async publishedSecondsAgo(id: string): Promise<number | undefined> {
    const [row] = await db.query<{ age: number | null }>(sql`
      select extract(epoch from db_now() - published_at)::double precision as age from deployments where id = ${id}`);
    return row?.age ?? undefined;
  },

  /** Notes that it was seen although every edge has had this long to learn of it. */
  async markLiveEverywhere(id: string, secondsAfterPublication: number): Promise<void> {
    await db.query(sql`
      update deployments set live_everywhere_at = db_now()
       where id = ${id} and live_everywhere_at is null
         and published_at <= db_now() - make_interval(secs => ${secondsAfterPublication})`);
  },

  /**
   * Deployments to look after: their time in their status is over, or their runner has been silent for `silenceSeconds`.
   * One that waits in the queue without an attempt is not late: its message is responsible for it.
   */
  listOverdue(silenceSeconds: number, limit: number): Promise<{ id: string; requestId: string }[]> {
    return db.query(sql`
      select d.id, d.request_id
        from deployments d
        left join build_attempts a on a.deployment_id = d.id and a.attempt = d.attempt
       where ${overdue(silenceSeconds)}
       order by d.deadline_at, d.id limit ${limit}`);
  },

  /** The deployment, if it is one of those still: it may have gone on since it was listed. */
  async findOverdue(id: string, silenceSeconds: number): Promise<Deployment | undefined> {
    const [row] = await db.query<Deployment>(sql`
      select ${deploymentColumns}
        from deployments d
        left join build_attempts a on a.deployment_id = d.id and a.attempt = d.attempt
       where d.id = ${id} and (${overdue(silenceSeconds)})`);
    return row;
  },

  /** More time in this status, if it is in it still. */
  async extendDeadline(id: string, status: keyof typeof deadlineSeconds): Promise<void> {
    await db.query(sql`
      update deployments set deadline_at = db_now() + make_interval(secs => ${deadlineSeconds[status]})
       where id = ${id} and status = ${status}`);
  },

  /** No more time for anything that waits for a build's runner: each is looked after when `deploy` works next. */
  async endDeadlinesOfBuilds(): Promise<void> {
    await db.query(sql`
      update deployments set deadline_at = db_now() where status in ('queued', 'cloning', 'building', 'uploading')`);
  },

  /** Seconds since the deployment was queued. */
  async ageSeconds(id: string): Promise<number> {
    const [row] = await db.query<{ age: number }>(sql`
      select extract(epoch from db_now() - created_at)::double precision as age from deployments where id = ${id}`);
    return row?.age ?? 0;
  },

  /** Keeps a deployment however old it gets, or no longer. Only a complete one; lock the environment first. */
  async setPinned(id: string, pinned: boolean): Promise<boolean> {
    const rows = await db.query(sql`
      update deployments set pinned_at = case when ${pinned} then coalesce(pinned_at, db_now()) end
       where id = ${id} and status = 'deployed' returning 1`);
    return rows.length > 0;
  },

  /** What happened to a deployment, oldest first, from just above `afterId`: its moves, and what is in the audit log of its shown id. */
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

  /**
   * What cleanup may purge in an environment: deployed, not protected (current, published, possibly exposed lately, pinned), not among
   * the newest `keep`, and retired for longer than `graceSeconds`. Of an environment that is off everything that is not protected. Lock
   * the environment first.
   */
  listPurgeable(environmentId: string, keep: number, graceSeconds: number): Promise<{ id: string }[]> {
    return db.query<{ id: string }>(sql`
      select d.id from deployments d
       where d.environment_id = ${environmentId} and d.status = 'deployed'
         and d.id not in (select id from protected_deployments)
         and (
           exists (select 1 from environments e where e.id = ${environmentId} and e.disabled_at is not null)
           or coalesce(d.retired_at, d.finished_at) < db_now() - make_interval(secs => ${graceSeconds})
              and d.id not in (
                select x.id from deployments x
                 where x.environment_id = ${environmentId} and x.status = 'deployed' order by x.seq desc limit ${keep}))
       order by d.seq`);
  },

  /** The newest deployment that is complete and waits, because nothing went live by itself. Locks it; lock the environment first. */
  async lockNewestHeld(environment: {
    readonly id: string;
    readonly activatedSeq: number;
  }): Promise<Deployment | undefined> {
    const [row] = await db.query<Deployment>(sql`
      select ${deploymentColumns} from deployments d
       where d.environment_id = ${environment.id} and d.seq > ${environment.activatedSeq} and d.status = 'deployed'
       order by d.seq desc limit 1 for update`);
    return row;
  },

  /** Deployments of an environment with these statuses. */
  listOfEnvironment(environmentId: string, statuses: readonly StoredStatus[]): Promise<{ id: string }[]> {
    return db.query(sql`
      select id from deployments where environment_id = ${environmentId} and status = any (${statuses}::text[]) order by id`);
  },

  /** Deployments of a project with these statuses. */
  listOfProject(projectId: string, statuses: readonly StoredStatus[]): Promise<{ id: string }[]> {
    return db.query(sql`
      select id from deployments where project_id = ${projectId} and status = any (${statuses}::text[]) order by id`);
  },

  /** All deployments of a project, from just above `afterId`. */
  listIds(projectId: string, options: { limit: number; afterId: string | null }): Promise<{ id: string }[]> {
    return db.query(sql`
      select id from deployments
       where project_id = ${projectId} and (${options.afterId}::uuid is null or id > ${options.afterId}::uuid)
       order by id limit ${options.limit}`);
  },

  /**
   * Deployments that ended for good this long ago and may have left something outside: a manifest, or what was uploaded late. Not
   * those that may be visible, whatever their status, nor those of a project that is being deleted as a whole.
   */
  listLeftovers(afterSeconds: number, limit: number): Promise<{ id: string; slug: string }[]> {
    return db.query(sql`
      select d.id, p.slug from deployments d join projects p on p.id = d.project_id and p.deleting_at is null
       where d.emptied_at is null and d.status in ('failed', 'cancelled', 'purged')
         and d.finished_at < db_now() - make_interval(secs => ${afterSeconds})
         and d.id not in (select id from protected_deployments)
       order by d.finished_at, d.id limit ${limit}`);
  },

  async markEmptied(id: string): Promise<void> {
    await db.query(sql`update deployments set emptied_at = db_now() where id = ${id}`);
  },

  /** What an inventory has to know about the deployments that it found; those without a row are unknown. */
  findStanding(ids: readonly string[]): Promise<DeploymentStanding[]> {
    return db.query<DeploymentStanding>(sql`
      select d.id, p.slug,
             d.status in ('failed', 'cancelled', 'purged') and p.deleting_at is null
               and d.id not in (select id from protected_deployments) as over
        from deployments d join projects p on p.id = d.project_id where d.id = any (${ids}::uuid[])`);
  },

  /** Deployments that were complete at that time and are kept since: all of each must be there. From just above `afterId`. */
  listComplete(before: Date, options: { limit: number; afterId: string | undefined }): Promise<CompleteDeployment[]> {
    return db.query<CompleteDeployment>(sql`
      select d.id, d.shards, p.slug from deployments d join projects p on p.id = d.project_id and p.deleting_at is null
       where d.status = 'deployed' and d.finished_at < ${before}
         and (${options.afterId ?? null}::uuid is null or d.id > ${options.afterId ?? null}::uuid)
       order by d.id limit ${options.limit}`);
  },

  /** Deployments of a project whose files must stay: everything that is or may still become visible. */
  listWithManifest(projectId: string): Promise<Pick<Deployment, 'id' | 'status' | 'attempt'>[]> {
    return db.query(sql`
      select id, status, attempt from deployments
       where project_id = ${projectId}
         and (status in ('uploading', 'deploying', 'deployed') or id in (select id from protected_deployments))`);
  },
});
export type DeploymentRepository = ReturnType<typeof deploymentRepository>;
