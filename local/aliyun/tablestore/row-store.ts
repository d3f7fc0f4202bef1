import { openState } from '../../state/open-state.ts';
import type { PlainRow } from './plainbuffer-format.ts';
import { readPlainRow } from './plainbuffer-reader.ts';
import { writePlainRows } from './plainbuffer-writer.ts';
import { FOREVER, type KeyColumn, type Table } from './table-schema.ts';

// `key` is `encodePrimaryKey`; `content` the row in PlainBuffer; `version` when it was written, in milliseconds.
const SCHEMA = `
  create table if not exists ots_table (
    name text primary key,
    primary_key text not null,
    time_to_live integer not null
  );
  create table if not exists ots_row (
    table_name text not null references ots_table (name),
    key blob not null,
    version integer not null,
    content blob not null,
    primary key (table_name, key)
  );
`;

export type StoredRow = Pick<PlainRow, 'primaryKey' | 'columns'>;

/** Tables and rows on disk. Rows past their table's time to live are never seen, and gone from the disk on the next opening. */
export type RowStore = ReturnType<typeof openRowStore>;

export function openRowStore(stateDirectory: string, now: () => number) {
  const database = openState(stateDirectory, 'tablestore', SCHEMA);
  database
    .prepare(
      `delete from ots_row where exists (select 1 from ots_table
         where name = table_name and time_to_live <> ${FOREVER} and version + time_to_live * 1000 <= ?)`,
    )
    .run(now());

  const insertTable = database.prepare('insert into ots_table (name, primary_key, time_to_live) values (?, ?, ?)');
  const selectTable = database.prepare('select * from ots_table where name = ?');
  const selectNames = database.prepare('select name from ots_table order by name');
  const updateTimeToLive = database.prepare('update ots_table set time_to_live = ? where name = ?');
  const putRow = database.prepare(
    'insert or replace into ots_row (table_name, key, version, content) values (?, ?, ?, ?)',
  );
  const deleteRow = database.prepare('delete from ots_row where table_name = ? and key = ?');
  const selectRow = database.prepare('select content from ots_row where table_name = ? and key = ? and version > ?');
  const forward = database.prepare(
    'select content from ots_row where table_name = ? and key >= ? and key < ? and version > ? order by key',
  );
  const backward = database.prepare(
    'select content from ots_row where table_name = ? and key <= ? and key > ? and version > ? order by key desc',
  );

  /** Versions up to this one have expired. */
  const expired = (table: Table) => (table.timeToLive === FOREVER ? -1 : now() - table.timeToLive * 1000);
  const parse = (row: Record<string, unknown>): StoredRow => readPlainRow(row.content as Uint8Array);

  return {
    table(name: string): Table | undefined {
      const row = selectTable.get(name);
      if (!row) return undefined;
      return {
        name,
        primaryKey: JSON.parse(String(row.primary_key)) as KeyColumn[],
        timeToLive: Number(row.time_to_live),
      };
    },
    tableNames: (): string[] => selectNames.all().map((row) => String(row.name)),
    createTable(table: Table): void {
      insertTable.run(table.name, JSON.stringify(table.primaryKey), table.timeToLive);
    },
    setTimeToLive(table: Table, seconds: number): void {
      updateTimeToLive.run(seconds, table.name);
    },
    get(table: Table, key: Buffer): StoredRow | undefined {
      const row = selectRow.get(table.name, key, expired(table));
      return row && parse(row);
    },
    put(table: Table, key: Buffer, row: StoredRow): void {
      const version = now();
      const columns = row.columns.map((column) => ({ ...column, timestamp: BigInt(version) }));
      putRow.run(table.name, key, version, writePlainRows([{ primaryKey: row.primaryKey, columns }]));
    },
    delete(table: Table, key: Buffer): void {
      deleteRow.run(table.name, key);
    },
    /** Rows from `start` (included) to `end` (excluded), lazily: stop when the page is full. */
    *range(table: Table, start: Buffer, end: Buffer, isBackward: boolean): Generator<StoredRow> {
      const statement = isBackward ? backward : forward;
      for (const row of statement.iterate(table.name, start, end, expired(table))) yield parse(row);
    },
    /** All of `work` or nothing. */
    transaction<Result>(work: () => Result): Result {
      database.exec('begin immediate');
      try {
        const result = work();
        database.exec('commit');
        return result;
      } catch (error) {
        database.exec('rollback');
        throw error;
      }
    },
    close: () => database.close(),
  };
}
