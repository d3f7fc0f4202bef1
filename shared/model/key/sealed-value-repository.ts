import type { Queryable } from '../../db/database.ts';
import { type Sql, sql } from '../../db/sql.ts';
import type { SealedColumn } from './sealed-columns.ts';

export interface SealedRow {
  readonly key: string;
  readonly projectId: string | null;
  /** The column's content, if it matches the query. */
  readonly stored: string | null;
}

export interface SealedChange {
  readonly key: string;
  readonly before: string;
  readonly after: string;
}

/** Selects values of a column: those with this prefix, of one project or of all rows. */
export interface WhichValues {
  readonly beginning: string;
  readonly projectId: string | null;
}

/** Where a column is. */
interface Place {
  readonly table: Sql;
  readonly column: Sql;
  readonly type: Sql;
  /** The primary key as one value, and its type: the cursor of a walk through the table. */
  readonly key: Sql;
  readonly keyType: Sql;
  /** The project a row belongs to. */
  readonly project: Sql | null;
}

const uuid = sql`uuid`;
const text = sql`text`;
const users = { table: sql`users`, type: text, key: sql`id`, keyType: uuid, project: null };

/** No part of a key contains the separator, a space. */
const places = {
  'platform_secrets.sealed': {
    ...{ table: sql`platform_secrets`, column: sql`sealed`, type: text },
    ...{ key: sql`name`, keyType: text, project: null },
  },
  'users.github_token_sealed': { ...users, column: sql`github_token_sealed` },
  'users.github_refresh_token_sealed': { ...users, column: sql`github_refresh_token_sealed` },
  'login_attempts.verifier_sealed': {
    ...{ table: sql`login_attempts`, column: sql`verifier_sealed`, type: text },
    ...{ key: sql`encode(state_sha256, 'hex')`, keyType: text, project: null },
  },
  'signing_keys.private_key_sealed': {
    ...{ table: sql`signing_keys`, column: sql`private_key_sealed`, type: text },
    ...{ key: sql`kid`, keyType: text, project: null },
  },
  'idempotency_keys.answer_sealed': {
    ...{ table: sql`idempotency_keys`, column: sql`answer_sealed`, type: text },
    ...{ key: sql`(principal || ' ' || key)`, keyType: text, project: null },
  },
  'projects.webhook_secret_sealed': {
    ...{ table: sql`projects`, column: sql`webhook_secret_sealed`, type: text },
    ...{ key: sql`id`, keyType: uuid, project: sql`id` },
  },
  'projects.previous_webhook_secret_sealed': {
    ...{ table: sql`projects`, column: sql`previous_webhook_secret_sealed`, type: text },
    ...{ key: sql`id`, keyType: uuid, project: sql`id` },
  },
  'environment_variables.sealed': {
    ...{ table: sql`environment_variables`, column: sql`sealed`, type: text },
    ...{ key: sql`(project_id || ' ' || environment || ' ' || key)`, keyType: text, project: sql`project_id` },
  },
  'deployments.variables': {
    ...{ table: sql`deployments`, column: sql`variables`, type: sql`jsonb` },
    ...{ key: sql`id`, keyType: uuid, project: sql`project_id` },
  },
} as const satisfies Record<string, Place>;
/** `table.column`. */
export type SealedColumnName = keyof typeof places;
const placeOf = ({ name }: SealedColumn): Place => places[name];

const ofProject = ({ project }: Place, projectId: string | null) =>
  project === null || projectId === null ? sql`true` : sql`${project} = ${projectId}::uuid`;

/** All sealed values, across all tables. */
export const sealedValueRepository = (db: Queryable) => ({
  /** The next rows of a walk along the primary key: all rows, so that the walk also advances past rows without such values. */
  window(
    column: SealedColumn,
    { beginning, projectId }: WhichValues,
    page: { readonly after: string | undefined; readonly limit: number },
  ): Promise<SealedRow[]> {
    const place = placeOf(column);
    const further = page.after === undefined ? sql`true` : sql`${place.key} > ${page.after}::${place.keyType}`;
    return db.query<SealedRow>(sql`
      select ${place.key}::text as key, ${place.project ?? sql`null`}::uuid as project_id,
             case when position(${column.marker(beginning)} in ${place.column}::text) > 0 then ${place.column}::text end as stored
        from ${place.table}
       where ${further} and ${ofProject(place, projectId)} order by ${place.key} limit ${page.limit}`);
  },

  /** Compare-and-swap: replaces values that are unchanged since they were read. Returns how many. */
  async replace(column: SealedColumn, changes: readonly SealedChange[]): Promise<number> {
    if (changes.length === 0) return 0;
    const place = placeOf(column);
    const rows = await db.query(sql`
      update ${place.table} set ${place.column} = changes.after::${place.type}
        from unnest(${changes.map(({ key }) => key)}::text[], ${changes.map(({ before }) => before)}::text[],
                    ${changes.map(({ after }) => after)}::text[]) as changes (row_key, before, after)
       where ${place.key} = changes.row_key::${place.keyType} and ${place.column} = changes.before::${place.type}
      returning 1`);
    return rows.length;
  },

  async isAny(column: SealedColumn, { beginning, projectId }: WhichValues): Promise<boolean> {
    const place = placeOf(column);
    const rows = await db.query(sql`
      select 1 from ${place.table}
       where ${ofProject(place, projectId)} and position(${column.marker(beginning)} in ${place.column}::text) > 0 limit 1`);
    return rows.length > 0;
  },

  async count(column: SealedColumn, { beginning, projectId }: WhichValues): Promise<number> {
    const place = placeOf(column);
    const [row] = await db.query<{ count: number }>(sql`
      select count(*) as count from ${place.table}
       where ${ofProject(place, projectId)} and position(${column.marker(beginning)} in ${place.column}::text) > 0`);
    return row?.count ?? 0;
  },
});
