import type { Queryable } from '../../db/database.ts';
import { isUniqueViolation } from '../../db/postgres-error.ts';
import { sql } from '../../db/sql.ts';
import { AppError } from '../../kernel/app-error.ts';

export type VariableScope = 'build' | 'runtime' | 'both';

/** A variable of an environment, its value sealed. */
export interface Variable {
  readonly id: string;
  readonly projectId: string;
  readonly environment: string;
  readonly key: string;
  readonly sealed: string;
  /** Of name and value, in UTF-8. */
  readonly bytes: number;
  readonly isSecret: boolean;
  readonly scope: VariableScope;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type NewVariable = Pick<
  Variable,
  'projectId' | 'environment' | 'key' | 'sealed' | 'bytes' | 'isSecret' | 'scope'
>;

/** How much of an environment's limit is used. */
export interface VariableUsage {
  readonly count: number;
  /** Of the variables that exist at run time, including their names. */
  readonly runtimeBytes: number;
}

const columns = sql`id, project_id, environment, key, sealed, bytes, is_secret, scope, created_at, updated_at`;

/** Environment variables of projects, with sealed values (`variable-value.ts`). */
export const variableRepository = (db: Queryable) => ({
  /** Serializes changes to a project's variables, because the limits apply to their total. Throws `not_found`. */
  async lock(projectId: string): Promise<void> {
    const rows = await db.query(sql`
      select 1 from projects where id = ${projectId} and deleting_at is null for no key update`);
    if (rows.length === 0) throw new AppError('not_found');
  },

  /** Ordered by environment and name. */
  list(projectId: string, environment?: string): Promise<Variable[]> {
    const only = environment === undefined ? sql`true` : sql`environment = ${environment}`;
    return db.query<Variable>(sql`
      select ${columns} from environment_variables where project_id = ${projectId} and ${only} order by environment, key`);
  },

  async find(projectId: string, id: string): Promise<Variable | undefined> {
    const [row] = await db.query<Variable>(sql`
      select ${columns} from environment_variables where id = ${id} and project_id = ${projectId}`);
    return row;
  },

  /** Throws `conflict` when the environment already has one with this name. */
  async insert(variable: NewVariable): Promise<Variable> {
    try {
      const [row] = await db.query<Variable>(sql`
        insert into environment_variables (project_id, environment, key, sealed, bytes, is_secret, scope)
        values (${variable.projectId}, ${variable.environment}, ${variable.key}, ${variable.sealed}, ${variable.bytes},
                ${variable.isSecret}, ${variable.scope})
        returning ${columns}`);
      if (!row) throw new AppError('internal', { message: 'insert returned nothing' });
      return row;
    } catch (error) {
      if (!isUniqueViolation(error, 'environment_variables_project_id_environment_key_key')) throw error;
      throw new AppError('conflict', { cause: error, details: { exists: [variable.key] } });
    }
  },

  async update(
    id: string,
    { sealed, bytes, isSecret, scope }: Pick<Variable, 'sealed' | 'bytes' | 'isSecret' | 'scope'>,
  ): Promise<Variable> {
    const [row] = await db.query<Variable>(sql`
      update environment_variables
         set sealed = ${sealed}, bytes = ${bytes}, is_secret = ${isSecret}, scope = ${scope}, updated_at = db_now()
       where id = ${id} returning ${columns}`);
    if (!row) throw new AppError('not_found');
    return row;
  },

  async delete(id: string): Promise<void> {
    await db.query(sql`delete from environment_variables where id = ${id}`);
  },

  async usage(projectId: string, environment: string): Promise<VariableUsage> {
    const [row] = await db.query<VariableUsage>(sql`
      select count(*) as count, coalesce(sum(bytes) filter (where scope <> 'build'), 0)::bigint as runtime_bytes
        from environment_variables where project_id = ${projectId} and environment = ${environment}`);
    return row ?? { count: 0, runtimeBytes: 0 };
  },
});
