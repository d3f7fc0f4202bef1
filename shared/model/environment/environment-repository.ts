import type { Queryable } from '../../db/database.ts';
import { isUniqueViolation } from '../../db/postgres-error.ts';
import { joinSql, sql } from '../../db/sql.ts';
import { AppError } from '../../kernel/app-error.ts';

/** production or staging: owns what is current, and the order of deployments. */
export interface Environment {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly branch: string;
  readonly nextSeq: number;
  readonly generation: number;
  readonly currentDeploymentId: string | null;
  readonly activatedSeq: number;
  readonly autoPromote: boolean;
  readonly headSha: string | null;
  /** Seconds. Every push up to then is known, or is found by a sync with the head. */
  readonly headPushedAt: number;
  /** The newest head that was skipped, unless a deployment of the branch was queued after it. */
  readonly skippedSha: string | null;
  /** Whether the heads skipped since the newest deployment of the branch contain, or may contain, changes that the project watches. */
  readonly skippedChanges: boolean;
  /** When it was disabled: it then shows nothing, and nothing is deployed to it. */
  readonly disabledAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What users may change of an environment. */
export interface EnvironmentChange {
  readonly branch?: string | undefined;
  readonly autoPromote?: boolean | undefined;
}

const columns = sql`
  id, project_id, name, branch, next_seq, generation, current_deployment_id, activated_seq, auto_promote, head_sha, head_pushed_at,
  skipped_sha, skipped_changes, disabled_at, created_at, updated_at`;

/** Throws `branch_in_use` when another environment of the project already follows the branch. */
async function onBranch<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isUniqueViolation(error, 'environments_one_per_branch')) throw new AppError('branch_in_use', { cause: error });
    throw error;
  }
}

/** Whether environment `e` had a push or deployment within this many days. */
export const isActive = (days: number) => sql`
  greatest(
    e.created_at,
    to_timestamp(e.head_pushed_at),
    (select d.created_at from deployments d where d.environment_id = e.id order by d.seq desc limit 1)
  ) > db_now() - make_interval(days => ${days})`;

/**
 * Environments: what is current, the order of deployments, and what is known of the branch. A branch that another environment of
 * the project has is refused with `branch_in_use`.
 */
export const environmentRepository = (db: Queryable) => ({
  async insert(environment: { projectId: string; name: string; branch: string }): Promise<Environment> {
    const [row] = await onBranch(
      db.query<Environment>(sql`
        insert into environments (project_id, name, branch)
        values (${environment.projectId}, ${environment.name}, ${environment.branch}) returning ${columns}`),
    );
    if (!row) throw new AppError('internal', { message: 'insert returned nothing' });
    return row;
  },

  async find(id: string): Promise<Environment | undefined> {
    const [row] = await db.query<Environment>(sql`select ${columns} from environments where id = ${id}`);
    return row;
  },

  /** The lock that serializes pushes, switches and cleanup: take it before any lock on deployments, routes or the outbox. */
  async lock(id: string): Promise<Environment> {
    const [row] = await db.query<Environment>(sql`select ${columns} from environments where id = ${id} for update`);
    if (!row) throw new AppError('not_found');
    return row;
  },

  /** The same, for the environment that follows a branch; undefined when none does, or its project is being deleted. */
  async lockByBranch(projectId: string, branch: string): Promise<Environment | undefined> {
    const [[row], alive] = await Promise.all([
      db.query<Environment>(sql`
        select ${columns} from environments where project_id = ${projectId} and branch = ${branch}
           and disabled_at is null for update`),
      // A separate statement: while this one waited for the lock, its holder may have started deleting the project.
      db.query(sql`select 1 from projects where id = ${projectId} and deleting_at is null`),
    ]);
    return alive.length > 0 ? row : undefined;
  },

  /** The same, for the environment of a hostname; undefined when there is no such route. */
  async lockByHostname(hostname: string): Promise<Environment | undefined> {
    const [row] = await db.query<Environment>(sql`
      select ${columns} from environments
       where id = (select environment_id from routes where hostname = ${hostname}) for update`);
    return row;
  },

  listOfProject(projectId: string): Promise<Environment[]> {
    return db.query<Environment>(
      sql`select ${columns} from environments where project_id = ${projectId} order by name`,
    );
  },

  async findByName(projectId: string, name: string): Promise<Environment | undefined> {
    const [row] = await db.query<Environment>(
      sql`select ${columns} from environments where project_id = ${projectId} and name = ${name}`,
    );
    return row;
  },

  listIds(options: { limit: number; afterId: string | undefined }): Promise<{ id: string }[]> {
    const condition = options.afterId === undefined ? sql`true` : sql`id > ${options.afterId}`;
    return db.query(sql`select id from environments where ${condition} order by id limit ${options.limit}`);
  },

  async rememberHead(id: string, head: { sha: string; pushedAt: number }): Promise<void> {
    await db.execute(sql`
      update environments set head_sha = ${head.sha}, head_pushed_at = ${head.pushedAt} where id = ${id}`);
  },

  /** Records that a head was examined and skipped. `changes`: what is skipped may contain changes that the project watches. */
  async rememberSkipped(id: string, { sha, changes }: { sha: string; changes: boolean }): Promise<void> {
    await db.execute(sql`update environments set skipped_sha = ${sha}, skipped_changes = ${changes} where id = ${id}`);
  },

  async markSynced(id: string): Promise<void> {
    await db.query(sql`update environments set synced_at = db_now() where id = ${id}`);
  },

  /**
   * Environments whose head was not synced lately, longest ago first; this marks them as synced, so that one whose branch cannot be read
   * never starves the others. Environments with a push or deployment within `activeDays` are due every `activeSeconds`, the others every
   * `idleSeconds`.
   */
  takeUnsynced(turn: {
    activeDays: number;
    activeSeconds: number;
    idleSeconds: number;
    limit: number;
  }): Promise<{ id: string }[]> {
    return db.query<{ id: string }>(sql`
      with turn as materialized (
        select e.id
          from environments e
          join projects p on p.id = e.project_id and p.deleting_at is null
          join users u on u.id = p.user_id and u.github_token_sealed is not null
         where e.disabled_at is null and coalesce(e.synced_at, e.created_at) <= db_now() - case when ${isActive(turn.activeDays)}
                 then make_interval(secs => ${turn.activeSeconds}) else make_interval(secs => ${turn.idleSeconds}) end
         order by coalesce(e.synced_at, e.created_at), e.id
         limit ${turn.limit} for update of e skip locked
      )
      update environments e set synced_at = db_now() from turn where e.id = turn.id returning e.id`);
  },

  /** Raises the generation above one seen at the edge. Lock the environment first. */
  async raiseGeneration(id: string, seen: number): Promise<void> {
    await db.query(sql`update environments set generation = greatest(generation, ${seen} + 1) where id = ${id}`);
  },

  /** Switches the current deployment. Lock the environment first. */
  async switchTo(id: string, deployment: { id: string; seq: number }): Promise<void> {
    await db.query(sql`
      update environments
         set current_deployment_id = ${deployment.id}, activated_seq = greatest(activated_seq, ${deployment.seq}),
             generation = generation + 1
       where id = ${id}`);
  },

  /** Stores a user's changes; another branch has another head. Throws `branch_in_use`. Lock the environment first. */
  async change(id: string, { branch, autoPromote }: EnvironmentChange): Promise<void> {
    const assignments = [sql`updated_at = db_now()`];
    if (autoPromote !== undefined) assignments.push(sql`auto_promote = ${autoPromote}`);
    if (branch !== undefined) {
      assignments.push(sql`branch = ${branch}`, sql`head_sha = null`, sql`skipped_sha = null`);
    }
    await onBranch(db.query(sql`update environments set ${joinSql(assignments, ', ')} where id = ${id}`));
  },

  /** Enables an environment (again). Throws `branch_in_use`. Lock the environment first. */
  async enable(id: string, branch: string): Promise<void> {
    await onBranch(
      db.query(sql`
        update environments
           set disabled_at = null, branch = ${branch}, auto_promote = true, head_sha = null, skipped_sha = null,
               updated_at = db_now()
         where id = ${id}`),
    );
  },

  /** Disables it: it shows nothing, and what is queued never goes live by itself. Lock the environment first. */
  async disable(id: string): Promise<void> {
    await db.query(sql`
      update environments
         set disabled_at = db_now(), current_deployment_id = null, generation = generation + 1,
             activated_seq = greatest(activated_seq, next_seq - 1), updated_at = db_now()
       where id = ${id}`);
  },
});
