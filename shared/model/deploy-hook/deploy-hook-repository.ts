import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { AppError } from '../../kernel/app-error.ts';

/** A secret URL that deploys the head of an environment's branch. */
export interface DeployHook {
  readonly id: string;
  readonly projectId: string;
  readonly environmentId: string;
  readonly environmentName: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

export interface NewDeployHook {
  readonly projectId: string;
  readonly environmentId: string;
  readonly name: string;
  /** The secret itself is not stored. */
  readonly secretSha256: Buffer;
}

const columns = sql`
  h.id, h.project_id, h.environment_id, e.name as environment_name, h.name, h.created_at, h.last_used_at`;

/** Deploy hooks. Of a secret only its SHA-256 is stored. */
export const deployHookRepository = (db: Queryable) => ({
  async insert(hook: NewDeployHook): Promise<DeployHook> {
    const [row] = await db.query<DeployHook>(sql`
      with h as (
        insert into deploy_hooks (project_id, environment_id, name, secret_sha256)
        values (${hook.projectId}, ${hook.environmentId}, ${hook.name}, ${hook.secretSha256}) returning *
      )
      select ${columns} from h join environments e on e.id = h.environment_id`);
    if (!row) throw new AppError('internal', { message: 'insert returned nothing' });
    return row;
  },

  /** Those not revoked, newest first, starting below `beforeId`. */
  list(projectId: string, options: { limit: number; beforeId: string | undefined }): Promise<DeployHook[]> {
    const before = options.beforeId ?? null;
    return db.query<DeployHook>(sql`
      select ${columns} from deploy_hooks h join environments e on e.id = h.environment_id
       where h.project_id = ${projectId} and h.revoked_at is null and (${before}::uuid is null or h.id < ${before}::uuid)
       order by h.id desc limit ${options.limit}`);
  },

  async count(projectId: string): Promise<number> {
    const [row] = await db.query<{ hooks: number }>(sql`
      select count(*) as hooks from deploy_hooks where project_id = ${projectId} and revoked_at is null`);
    return row?.hooks ?? 0;
  },

  /** The hook with the hash of its secret, unless it is revoked or its project is gone. */
  async findSecret(id: string): Promise<(DeployHook & { readonly secretSha256: Buffer }) | undefined> {
    const [row] = await db.query<DeployHook & { readonly secretSha256: Buffer }>(sql`
      select ${columns}, h.secret_sha256
        from deploy_hooks h
        join environments e on e.id = h.environment_id
        join projects p on p.id = h.project_id and p.deleting_at is null
       where h.id = ${id} and h.revoked_at is null`);
    return row;
  },

  async markUsed(id: string): Promise<void> {
    await db.query(sql`update deploy_hooks set last_used_at = db_now() where id = ${id}`);
  },

  /** False when there is no such active hook. */
  async revoke(projectId: string, id: string): Promise<boolean> {
    const rows = await db.query(sql`
      update deploy_hooks set revoked_at = db_now()
       where project_id = ${projectId} and id = ${id} and revoked_at is null returning 1`);
    return rows.length > 0;
  },
});
