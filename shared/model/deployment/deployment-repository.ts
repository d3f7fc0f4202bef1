import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { Deployment } from './deployment.ts';
import { deploymentColumns } from './deployment-columns-sql.ts';
import { deadlineSeconds, type Mover, type StoredStatus } from './deployment-lifecycle.ts';
import { inserting, type NewDeployment, takingPlace, wanting } from './insert-deployment-sql.ts';
import { type Move, moveAll } from './move-deployments-sql.ts';

/** Single deployments: finding, inserting, moving and marking them. Locks are taken in this order: environment, deployment, attempt. */
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

  /** The environment's newest deployment, in any status. */
  async findNewest(environmentId: string): Promise<Deployment | undefined> {
    const [row] = await db.query<Deployment>(sql`
      select ${deploymentColumns} from deployments d where d.environment_id = ${environmentId} order by d.seq desc limit 1`);
    return row;
  },

  /** The newest deployment of the branch; redeployments say nothing about the head. */
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
   * Inserts a deployment with the environment's next sequence number and the current variables. Lock the environment first. Undefined
   * when its project is being deleted; the sequence number is then used up if the transaction commits.
   */
  async insertNext(deployment: NewDeployment, by: Mover): Promise<Deployment | undefined> {
    const [row] = await db.query<Deployment>(sql`
      with ${wanting([deployment])}, place as (
        update environments e set ${takingPlace} from wanted w where e.id = w.environment_id returning w.n, e.next_seq - 1 as seq
      ), ${inserting(by)}
      select ${deploymentColumns} from d`);
    return row;
  },

  /**
   * Moves one deployment, whose row stays locked for the rest of the transaction. Undefined when the lifecycle does not allow the move
   * from its current status.
   */
  async move(id: string, move: Move): Promise<Deployment | undefined> {
    const [moved] = await moveAll(db, sql`id = ${id}`, move);
    return moved;
  },

  /** Moves all deployments of an environment that no run has taken yet, or all but heads of its branch. Lock the environment first. */
  moveQueued: (
    environmentId: string,
    move: Omit<Move, 'from'>,
    { headsToo }: { readonly headsToo: boolean },
  ): Promise<Deployment[]> =>
    moveAll(
      db,
      // Literals, so that the partial index of queued deployments is used; the environment has many more others.
      sql`environment_id = ${environmentId} and status = 'queued' and (${headsToo} or not from_head)`,
      { ...move, from: ['queued'] },
    ),

  /**
   * Starts the next build attempt, which voids every token of the previous one. Its run gets the full time of a queued deployment to
   * start, however long the deployment waited for a slot.
   */
  async startAttempt(id: string): Promise<number | undefined> {
    const [row] = await db.query<{ attempt: number }>(sql`
      update deployments
         set attempt = attempt + 1, deadline_at = db_now() + make_interval(secs => ${deadlineSeconds.queued})
       where id = ${id} and status = 'queued' returning attempt`);
    return row?.attempt;
  },

  /** Records what verification found in the artifact. Needs no lock: every verification finds the same. */
  async describeArtifact(
    id: string,
    found: { files: number; bytes: number; shards: number; spa: boolean },
  ): Promise<void> {
    await db.query(sql`
      update deployments set files = ${found.files}, bytes = ${found.bytes}, shards = ${found.shards}, spa = ${found.spa}
       where id = ${id}`);
  },

  /** Records that its environment switched to it; its publication starts here. Lock the environment first. */
  async markActivated(id: string): Promise<void> {
    await db.query(sql`
      update deployments
         set activated_at = db_now(), published_at = null, live_everywhere_at = null, retired_at = null,
             reason = null, reason_message = null
       where id = ${id}`);
  },

  /** Records that its environment switched away from it. Lock the environment first. */
  async markRetired(id: string): Promise<void> {
    await db.query(sql`update deployments set retired_at = db_now() where id = ${id}`);
  },

  /** Records that every hostname shows it, the first time only. Lock the environment first. */
  async markPublished(id: string): Promise<void> {
    await db.query(sql`update deployments set published_at = coalesce(published_at, db_now()) where id = ${id}`);
  },

  /** Seconds since it was published; undefined when it is not. */
  async publishedSecondsAgo(id: string): Promise<number | undefined> {
    const [row] = await db.query<{ age: number | null }>(sql`
      select extract(epoch from db_now() - published_at)::double precision as age from deployments where id = ${id}`);
    return row?.age ?? undefined;
  },

  /** Records that it was seen after every edge node had this long to update. */
  async markLiveEverywhere(id: string, secondsAfterPublication: number): Promise<void> {
    await db.query(sql`
      update deployments set live_everywhere_at = db_now()
       where id = ${id} and live_everywhere_at is null
         and published_at <= db_now() - make_interval(secs => ${secondsAfterPublication})`);
  },

  /** Seconds since the deployment was queued. */
  async ageSeconds(id: string): Promise<number> {
    const [row] = await db.query<{ age: number }>(sql`
      select extract(epoch from db_now() - created_at)::double precision as age from deployments where id = ${id}`);
    return row?.age ?? 0;
  },

  /** The newest complete deployment held back because auto-promotion is off. Locks it; lock the environment first. */
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

  /** Deployments of an environment in these statuses. */
  listOfEnvironment(environmentId: string, statuses: readonly StoredStatus[]): Promise<{ id: string }[]> {
    return db.query(sql`
      select id from deployments where environment_id = ${environmentId} and status = any (${statuses}::text[]) order by id`);
  },

  /** Deployments of a project in these statuses. */
  listOfProject(projectId: string, statuses: readonly StoredStatus[]): Promise<{ id: string }[]> {
    return db.query(sql`
      select id from deployments where project_id = ${projectId} and status = any (${statuses}::text[]) order by id`);
  },

  /** All deployments of a project, starting above `afterId`. */
  listIds(projectId: string, options: { limit: number; afterId: string | null }): Promise<{ id: string }[]> {
    return db.query(sql`
      select id from deployments
       where project_id = ${projectId} and (${options.afterId}::uuid is null or id > ${options.afterId}::uuid)
       order by id limit ${options.limit}`);
  },
});
