import type { Queryable } from '../../db/database.ts';
import { isUniqueViolation } from '../../db/postgres-error.ts';
import { joinSql, type Sql, sql } from '../../db/sql.ts';
import { AppError } from '../../kernel/app-error.ts';
import { isActive } from '../environment/environment-repository.ts';
import type { Project, ProjectSettings } from './project.ts';

const isPreviousSecretAccepted = sql`p.previous_webhook_secret_until > db_now()`;

/** Columns of `projects p`. */
export const projectColumns = sql`
  p.id, p.user_id, p.slug, p.name, p.github_repository_id, p.repository, p.root_directory, p.install_command,
  p.build_command, p.output_directory, p.start_command, p.runtime, p.node_version, p.spa, p.webhook_secret_sealed,
  p.webhook_secret_version,
  case when ${isPreviousSecretAccepted} then p.previous_webhook_secret_sealed end as previous_webhook_secret_sealed,
  case when ${isPreviousSecretAccepted} then p.previous_webhook_secret_until end as previous_webhook_secret_until,
  p.github_hook_id, p.github_hook_told_at, p.watch_paths, p.created_at, p.updated_at`;

/** A project with what production shows. */
export interface ShownProject extends Project {
  readonly branch: string;
  readonly currentDeploymentId: string | null;
}

/** A project that is being deleted. */
export interface DeletingProject extends Project {
  /** The last deployment whose routing table and log are gone. */
  readonly teardownCursor: string | null;
  /** How long its stored files are still protected, because visitors may have been routed to them. Negative: not protected. */
  readonly protectedSeconds: number;
}

export interface NewProject extends ProjectSettings {
  readonly id: string;
  readonly userId: string;
  readonly slug: string;
  readonly name: string;
  readonly githubRepositoryId: number;
  readonly repository: string;
  readonly webhookSecretSealed: string;
  /** Default: the root directory. */
  readonly watchPaths?: readonly string[] | null;
}

/** The variables of an environment of project `p` as a deployment keeps them (`SealedVariable`), still sealed. */
export const variablesOf = (environment: Sql) => sql`
  coalesce((
    select jsonb_agg(
             jsonb_build_object('key', v.key, 'sealed', v.sealed, 'environment', v.environment, 'scope', v.scope,
                                'isSecret', v.is_secret)
             order by v.key)
      from environment_variables v where v.project_id = p.id and v.environment = ${environment}
  ), '[]')`;

/** What users may change of a project. Missing fields stay unchanged. */
export interface ProjectChange extends Partial<ProjectSettings> {
  readonly name?: string;
  readonly watchPaths?: readonly string[] | null;
}

const columnOf = {
  name: sql`name`,
  watchPaths: sql`watch_paths`,
  rootDirectory: sql`root_directory`,
  installCommand: sql`install_command`,
  buildCommand: sql`build_command`,
  outputDirectory: sql`output_directory`,
  startCommand: sql`start_command`,
  runtime: sql`runtime`,
  nodeVersion: sql`node_version`,
  spa: sql`spa`,
} as const satisfies Record<keyof ProjectChange, Sql>;

/** Restricts `projects p` to those the user is a member of: so far, owns. */
const ofMember = (userId: string) => sql`join project_members m on m.project_id = p.id and m.user_id = ${userId}`;

/** Escapes the wildcards of `like`. */
const literally = (text: string) => text.replace(/[\\%_]/g, '\\$&');

const shown = sql`
  select ${projectColumns}, e.branch, e.current_deployment_id
    from projects p join environments e on e.project_id = p.id and e.name = 'production'`;

/** Projects: their settings, hooks, and deletion. */
export const projectRepository = (db: Queryable) => ({
  /** A fresh id, for sealing values to it before the row exists. */
  async newId(): Promise<string> {
    const [row] = await db.query<{ id: string }>(sql`select new_id() as id`);
    if (!row) throw new AppError('internal');
    return row.id;
  },

  /** Projects that are being deleted are not found. */
  async find(id: string): Promise<Project | undefined> {
    const [row] = await db.query<Project>(sql`
      select ${projectColumns} from projects p where p.id = ${id} and p.deleting_at is null`);
    return row;
  },

  /** By id or slug, only if this user is a member. */
  async findOwned(userId: string, by: { id: string } | { slug: string }): Promise<ShownProject | undefined> {
    const which = 'id' in by ? sql`p.id = ${by.id}` : sql`p.slug = ${by.slug}`;
    const [row] = await db.query<ShownProject>(
      sql`${shown} ${ofMember(userId)} where ${which} and p.deleting_at is null`,
    );
    return row;
  },

  /** Newest first, starting below `beforeId`; restricted to `onlyIds` if given. */
  listOwned(
    userId: string,
    options: {
      limit: number;
      beforeId: string | undefined;
      onlyIds: readonly string[] | null;
      /** Text that its name, slug or repository must contain. */
      holding?: string | undefined;
    },
  ): Promise<ShownProject[]> {
    const conditions = [sql`p.deleting_at is null`];
    if (options.holding !== undefined) {
      const pattern = `%${literally(options.holding)}%`;
      conditions.push(sql`(p.name ilike ${pattern} or p.slug ilike ${pattern} or p.repository ilike ${pattern})`);
    }
    // A column of the member's row, whose index the list follows.
    if (options.beforeId !== undefined) conditions.push(sql`m.project_id < ${options.beforeId}`);
    if (options.onlyIds !== null) conditions.push(sql`p.id = any (${options.onlyIds}::uuid[])`);
    return db.query<ShownProject>(
      sql`
        ${shown} ${ofMember(userId)}
         where ${joinSql(conditions, ' and ')} order by m.project_id desc limit ${options.limit}`,
    );
  },

  /** Throws `slug_unavailable` when the slug is taken (also by a race). */
  async insert(project: NewProject): Promise<Project> {
    try {
      const [row] = await db.query<Project>(sql`
        insert into projects as p (
          id, user_id, slug, name, github_repository_id, repository, root_directory, install_command, build_command,
          output_directory, start_command, runtime, node_version, spa, watch_paths, webhook_secret_sealed
        ) values (
          ${project.id}, ${project.userId}, ${project.slug}, ${project.name}, ${project.githubRepositoryId},
          ${project.repository}, ${project.rootDirectory}, ${project.installCommand}, ${project.buildCommand},
          ${project.outputDirectory}, ${project.startCommand}, ${project.runtime}, ${project.nodeVersion}, ${project.spa},
          ${project.watchPaths ?? null}, ${project.webhookSecretSealed}
        ) returning ${projectColumns}`);
      if (!row) throw new AppError('internal', { message: 'insert returned nothing' });
      return row;
    } catch (error) {
      if (isUniqueViolation(error, 'projects_slug_key')) throw new AppError('slug_unavailable', { cause: error });
      throw error;
    }
  },

  /** Stores a user's changes. Lock its production environment first. */
  async change(id: string, change: ProjectChange): Promise<void> {
    const assignments = (Object.keys(columnOf) as (keyof ProjectChange)[]).flatMap((field) =>
      change[field] === undefined ? [] : [sql`${columnOf[field]} = ${change[field]}`],
    );
    await db.query(sql`
      update projects set ${joinSql([...assignments, sql`updated_at = db_now()`], ', ')} where id = ${id}`);
  },

  /** Records the hook, and that the code host was given this version of the webhook secret. */
  async setHook(id: string, hookId: number, secretVersion: number): Promise<void> {
    await db.query(sql`
      update projects set github_hook_id = ${hookId},
                          github_hook_told_at = case when webhook_secret_version = ${secretVersion} then db_now() end
       where id = ${id}`);
  },

  /**
   * Replaces the webhook secret. The one before it is accepted for so many more seconds, and whatever was accepted besides no longer is.
   * Undefined when the project is gone.
   */
  async rotateWebhookSecret(id: string, sealed: string, overlapSeconds: number): Promise<Project | undefined> {
    const isOverlap = sql`${overlapSeconds}::integer > 0`;
    const [row] = await db.query<Project>(sql`
      update projects p set
        webhook_secret_sealed = ${sealed}, webhook_secret_version = p.webhook_secret_version + 1,
        previous_webhook_secret_sealed = case when ${isOverlap} then p.webhook_secret_sealed end,
        previous_webhook_secret_until = case when ${isOverlap} then db_now() + make_interval(secs => ${overlapSeconds}) end,
        github_hook_told_at = null
       where p.id = ${id} and p.deleting_at is null returning ${projectColumns}`);
    return row;
  },

  /** Deletes previous webhook secrets that are no longer accepted. Returns how many. */
  async forgetPreviousSecrets(limit: number): Promise<number> {
    const rows = await db.query(sql`
      update projects set previous_webhook_secret_sealed = null, previous_webhook_secret_until = null
       where id in (
         select id from projects where previous_webhook_secret_until <= db_now()
          order by previous_webhook_secret_until limit ${limit} for update)
      returning 1`);
    return rows.length;
  },

  /** Records that a hook is gone, unless the project has another one by now. */
  async forgetHook(id: string, hookId: number): Promise<boolean> {
    const rows = await db.query(sql`
      update projects set github_hook_id = null, github_hook_told_at = null
       where id = ${id} and github_hook_id = ${hookId} returning 1`);
    return rows.length > 0;
  },

  /** Projects with a push hook and a push or deployment within this many days; an arbitrary choice if there are more than `limit`. */
  listHooksInUse({ activeDays, limit }: { activeDays: number; limit: number }): Promise<{ id: string }[]> {
    return db.query(sql`
      select p.id
        from projects p
        join users u on u.id = p.user_id and u.github_token_sealed is not null
       where p.github_hook_id is not null and p.deleting_at is null
         and exists (select 1 from environments e where e.project_id = p.id and ${isActive(activeDays)})
       order by random() limit ${limit}`);
  },

  /** Every project, for the sweeps. */
  listIds(options: { limit: number; afterId: string | undefined }): Promise<{ id: string; slug: string }[]> {
    const condition = options.afterId === undefined ? sql`true` : sql`id > ${options.afterId}`;
    return db.query(sql`
      select id, slug from projects where deleting_at is null and ${condition} order by id limit ${options.limit}`);
  },

  /** The slugs that belong to a project, including projects being deleted. */
  async findTakenSlugs(slugs: readonly string[]): Promise<Set<string>> {
    const rows = await db.query<{ slug: string }>(sql`select slug from projects where slug = any (${slugs}::text[])`);
    return new Set(rows.map((row) => row.slug));
  },

  /**
   * From here on the project is not found. False when it was already being deleted. Lock its environments first. Takes a sequence number
   * of each, so that a push decided on a moment ago is re-evaluated.
   */
  async startDeleting(id: string): Promise<boolean> {
    const rows = await db.query(sql`
      with places as (update environments set next_seq = next_seq + 1 where project_id = ${id})
      update projects set deleting_at = db_now() where id = ${id} and deleting_at is null returning 1`);
    return rows.length > 0;
  },

  /** A project that is being deleted, and its progress. */
  async findDeleting(id: string): Promise<DeletingProject | undefined> {
    const [row] = await db.query<DeletingProject>(sql`
      select ${projectColumns}, p.teardown_cursor,
             extract(epoch from greatest(p.deleting_at, (
               select max(x.exposed_at) from route_exposures x join routes r on r.hostname = x.hostname
                where r.project_id = p.id
             )) + interval '1 hour' - db_now())::double precision as protected_seconds
        from projects p where p.id = ${id} and p.deleting_at is not null`);
    return row;
  },

  /** Every project that is being deleted. */
  listDeleting(): Promise<{ id: string }[]> {
    return db.query(sql`select id from projects where deleting_at is not null order by id`);
  },

  async moveTeardownCursor(id: string, deploymentId: string): Promise<void> {
    await db.query(sql`update projects set teardown_cursor = ${deploymentId} where id = ${id}`);
  },

  /** Deletes the row of a torn-down project and everything that belongs to it, except usage and audit records. */
  async delete(id: string): Promise<void> {
    const ofProject = sql`project_id = ${id}`;
    await db.query(sql`delete from webhook_deliveries where ${ofProject}`);
    await db.query(sql`delete from cloud_resources where ${ofProject}`);
    await db.query(sql`delete from routes where ${ofProject}`);
    await db.query(sql`delete from deployments where ${ofProject}`);
    await db.query(sql`delete from environments where ${ofProject}`);
    await db.query(sql`delete from projects where id = ${id} and deleting_at is not null`);
    // Makes any remaining copy of its secrets unreadable.
    await db.query(sql`delete from data_keys where ${ofProject}`);
  },
});
