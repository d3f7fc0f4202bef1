import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { SealedColumn } from './sealed-columns.ts';

export interface SealedRow {
  readonly key: string;
  readonly projectId: string | null;
  /** What the column holds, if it is what was asked for. */
  readonly stored: string | null;
}

export interface SealedChange {
  readonly key: string;
  readonly before: string;
  readonly after: string;
}

/** Which values of a column: those that begin so, of one project or of all rows. */
export interface WhichValues {
  readonly beginning: string;
  readonly projectId: string | null;
}

const ofProject = ({ project }: SealedColumn, projectId: string | null) =>
  project === null || projectId === null ? sql`true` : sql`${project} = ${projectId}::uuid`;

/** Whatever is sealed, across all tables. */
export const sealedValueRepository = (db: Queryable) => ({
  /** The next rows of a walk along the primary key: all of them, so that a walk through rows without such values comes on as well. */
  window(
    column: SealedColumn,
    { beginning, projectId }: WhichValues,
    page: { readonly after: string | undefined; readonly limit: number },
  ): Promise<SealedRow[]> {
    const further = page.after === undefined ? sql`true` : sql`${column.key} > ${page.after}::${column.keyType}`;
    return db.query<SealedRow>(sql`
      select ${column.key}::text as key, ${column.project ?? sql`null`}::uuid as project_id,
             case when position(${column.marker(beginning)} in ${column.column}::text) > 0 then ${column.column}::text end as stored
        from ${column.table}
       where ${further} and ${ofProject(column, projectId)} order by ${column.key} limit ${page.limit}`);
  },

  /** Replaces what is still as it was read. Returns how many. */
  async replace(column: SealedColumn, changes: readonly SealedChange[]): Promise<number> {
    if (changes.length === 0) return 0;
    const rows = await db.query(sql`
      update ${column.table} set ${column.column} = changes.after::${column.type}
        from unnest(${changes.map(({ key }) => key)}::text[], ${changes.map(({ before }) => before)}::text[],
                    ${changes.map(({ after }) => after)}::text[]) as changes (row_key, before, after)
       where ${column.key} = changes.row_key::${column.keyType} and ${column.column} = changes.before::${column.type}
      returning 1`);
    return rows.length;
  },

  async isAny(column: SealedColumn, { beginning, projectId }: WhichValues): Promise<boolean> {
    const rows = await db.query(sql`
      select 1 from ${column.table}
       where ${ofProject(column, projectId)} and position(${column.marker(beginning)} in ${column.column}::text) > 0 limit 1`);
    return rows.length > 0;
  },

  async count(column: SealedColumn, { beginning, projectId }: WhichValues): Promise<number> {
    const [row] = await db.query<{ count: number }>(sql`
      select count(*) as count from ${column.table}
       where ${ofProject(column, projectId)} and position(${column.marker(beginning)} in ${column.column}::text) > 0`);
    return row?.count ?? 0;
  },
});
export type SealedValueRepository = ReturnType<typeof sealedValueRepository>;
