import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { AppError } from '../../kernel/app-error.ts';

/** production, staging or a preview: owns what is current, and the order of deployments. */
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
  /** Seconds. Whatever was pushed until then is known, or is found by asking for the head. */
  readonly headPushedAt: number;
  /** The newest head that was not to be deployed, unless a deployment of the branch was queued after it. */
  readonly skippedSha: string | null;
}

const columns = sql`
  id, project_id, name, branch, next_seq, generation, current_deployment_id, activated_seq, auto_promote, head_sha, head_pushed_at,
  skipped_sha`;

/** Whether something was pushed to or deployed in the environment `e` within these days. */
export const isActive = (days: number) => sql`
  greatest(
    e.created_at,
    to_timestamp(e.head_pushed_at),
    (select d.created_at from deployments d where d.environment_id = e.id order by d.seq desc limit 1)
  ) > db_now() - make_interval(days => ${days})`;

export const environmentRepository = (db: Queryable) => ({
  async insert(environment: { projectId: string; name: string; branch: string }): Promise<Environment> {
    const [row] = await db.query<Environment>(sql`
      insert into environments (project_id, name, branch)
      values (${environment.projectId}, ${environment.name}, ${environment.branch}) returning ${columns}`);
    if (!row) throw new AppError('internal', { message: 'insert returned nothing' });
    return row;
  },

  async find(id: string): Promise<Environment | undefined> {
    const [row] = await db.query<Environment>(sql`select ${columns} from environments where id = ${id}`);
    return row;
  },

  /** The lock that orders pushes, switches and cleanup: take it before any lock on deployments, routes or the outbox. */
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
         order by name limit 1 for update`),
      // A statement of its own: while we waited for the lock, whoever held it may have begun to delete the project.
      db.query(sql`select 1 from projects where id = ${projectId} and deleting_at is null`),
    ]);
    return alive.length > 0 ? row : undefined;
  },

  /** The same, for the environment that a hostname shows; undefined when no route has it. */
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

  listIds(options: { limit: number; afterId: string | undefined }): Promise<{ id: string }[]> {
    const condition = options.afterId === undefined ? sql`true` : sql`id > ${options.afterId}`;
    return db.query(sql`select id from environments where ${condition} order by id limit ${options.limit}`);
  },

  async rememberHead(id: string, head: { sha: string; pushedAt: number }): Promise<void> {
    await db.execute(sql`
      update environments set head_sha = ${head.sha}, head_pushed_at = ${head.pushedAt} where id = ${id}`);
  },

  /** Remembers that a head was looked at and is not to be deployed. */
  async rememberSkipped(id: string, sha: string): Promise<void> {
    await db.execute(sql`update environments set skipped_sha = ${sha} where id = ${id}`);
  },

  async markSynced(id: string): Promise<void> {
    await db.query(sql`update environments set synced_at = db_now() where id = ${id}`);
  },

  /**
   * Environments whose head was not asked for lately, longest ago first; asking marks them, so that one whose branch cannot be
   * read never keeps the others waiting. Those with a push or deployment within `activeDays` have their turn every
   * `activeSeconds`, the others every `idleSeconds`.
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
         where coalesce(e.synced_at, e.created_at) <= db_now() - case when ${isActive(turn.activeDays)}
                 then make_interval(secs => ${turn.activeSeconds}) else make_interval(secs => ${turn.idleSeconds}) end
         order by coalesce(e.synced_at, e.created_at), e.id
         limit ${turn.limit} for update of e skip locked
      )
      update environments e set synced_at = db_now() from turn where e.id = turn.id returning e.id`);
  },

  /** Takes the generation past one that was seen at the edge. Only with the environment locked. */
  async raiseGeneration(id: string, seen: number): Promise<void> {
    await db.query(sql`update environments set generation = greatest(generation, ${seen} + 1) where id = ${id}`);
  },

  /** Moves the pointer. Only with the environment locked. */
  async switchTo(id: string, deployment: { id: string; seq: number }): Promise<void> {
    await db.query(sql`
      update environments
         set current_deployment_id = ${deployment.id}, activated_seq = greatest(activated_seq, ${deployment.seq}),
             generation = generation + 1
       where id = ${id}`);
  },
});
export type EnvironmentRepository = ReturnType<typeof environmentRepository>;
