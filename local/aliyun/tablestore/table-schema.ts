import { OtsError, parameterInvalid } from './ots-error.ts';
import {
  type Cell,
  type ColumnValue,
  INF_MAX,
  INF_MIN,
  type KeyBound,
  type PlainRow,
  type PrimaryKeyValue,
} from './plainbuffer-format.ts';

const keyTypes = { integer: 1, string: 2, binary: 3 } as const;

export interface KeyColumn {
  readonly name: string;
  readonly type: number;
}

/** Never expires. */
export const FOREVER = -1;

export interface Table {
  readonly name: string;
  readonly primaryKey: readonly KeyColumn[];
  /** Seconds, or `FOREVER`. */
  readonly timeToLive: number;
}

// "Limits on the Wide Column model" in Tablestore's documentation.
const MAX_KEY_COLUMNS = 4;
const MAX_KEY_BYTES = 1024;
const MAX_VALUE_BYTES = 2 * 1024 * 1024;
const MAX_COLUMNS = 1024;
const MIN_TIME_TO_LIVE = 86_400;
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;

export function checkTable(table: Table): void {
  if (!NAME.test(table.name)) throw parameterInvalid(`Invalid table name: '${table.name}'.`);
  if (table.primaryKey.length < 1 || table.primaryKey.length > MAX_KEY_COLUMNS) {
    throw parameterInvalid(`The number of primary key columns must be in range: [1, ${MAX_KEY_COLUMNS}].`);
  }
  const seen = new Set<string>();
  for (const { name } of table.primaryKey) {
    if (!NAME.test(name)) throw parameterInvalid(`Invalid column name: '${name}'.`);
    if (seen.has(name)) throw parameterInvalid(`Duplicated primary key name: '${name}'.`);
    seen.add(name);
  }
  checkTimeToLive(table.timeToLive);
}

export function checkTimeToLive(seconds: number): void {
  if (seconds === FOREVER) return;
  if (seconds <= 0) throw parameterInvalid('TimeToLive cannot be 0 or less than -1.');
  // Documented for CreateTable and UpdateTable; the wording of the service's refusal is not.
  if (seconds < MIN_TIME_TO_LIVE) throw parameterInvalid(`TimeToLive cannot be less than ${MIN_TIME_TO_LIVE} seconds.`);
}

/** The key of one row: every column of the table's key, in order, of its type, within its size. */
export function checkKey(table: Table, cells: readonly Cell[]): PrimaryKeyValue[] {
  return checkRangeBound(table, cells).map((value) => {
    if (value === INF_MIN || value === INF_MAX) throw parameterInvalid('INF_MIN and INF_MAX only bound a range.');
    return value;
  });
}

/** One end of a range: as a key, and any column may be INF_MIN or INF_MAX. */
export function checkRangeBound(table: Table, cells: readonly Cell[]): KeyBound[] {
  if (cells.length !== table.primaryKey.length) throw keyMismatch();
  return table.primaryKey.map((column, index) => {
    const cell = cells[index];
    if (cell?.name !== column.name) throw keyMismatch();
    return checkKeyValue(column, cell.value);
  });
}

function checkKeyValue(column: KeyColumn, value: Cell['value']): KeyBound {
  if (value === INF_MIN || value === INF_MAX) return value;
  if (typeof value === 'bigint' && column.type === keyTypes.integer) return value;
  if (
    (typeof value === 'string' && column.type === keyTypes.string) ||
    (Buffer.isBuffer(value) && column.type === keyTypes.binary)
  ) {
    const bytes = valueBytes(value);
    if (bytes > MAX_KEY_BYTES) {
      throw parameterInvalid(
        `The length of primary key column: '${column.name}' exceeds the MaxLength: ${MAX_KEY_BYTES} with CurrentLength: ${bytes}.`,
      );
    }
    return value;
  }
  throw keyMismatch();
}

const keyMismatch = () => new OtsError(400, 'OTSInvalidPK', 'Primary key schema mismatch.');

/** The attribute columns of a row to be put: named, without operations, within their sizes. */
export function checkColumns(table: Table, row: PlainRow): { name: string; value: ColumnValue }[] {
  if (row.columns.length > MAX_COLUMNS) {
    throw parameterInvalid(
      `The number of attribute columns exceeds the limit, limit count: ${MAX_COLUMNS}, column count: ${row.columns.length}.`,
    );
  }
  return row.columns.map(({ name, value, timestamp, operation }) => {
    if (!NAME.test(name)) throw parameterInvalid(`Invalid column name: '${name}'.`);
    if (table.primaryKey.some((column) => column.name === name)) {
      throw parameterInvalid(`Duplicated attribute column name with primary key column: '${name}'.`);
    }
    if (operation !== undefined) throw parameterInvalid(`OpType cannot be given for column name: ${name} in PutRow.`);
    if (timestamp !== undefined) throw parameterInvalid('The local cloud gives every version its own timestamp.');
    if (value === undefined || typeof value === 'symbol') throw parameterInvalid('No value is given for column name.');
    const bytes = valueBytes(value);
    if (bytes > MAX_VALUE_BYTES) {
      throw parameterInvalid(
        `The length of attribute column: '${name}' exceeded the MaxLength: ${MAX_VALUE_BYTES} with Current Length: ${bytes}.`,
      );
    }
    return { name, value };
  });
}

/** A row's size for the limits on requests and pages: its names and values. */
export function rowBytes(row: Pick<PlainRow, 'primaryKey' | 'columns'>): number {
  let bytes = 0;
  for (const { name, value } of [...row.primaryKey, ...row.columns]) {
    bytes += Buffer.byteLength(name) + (value === undefined || typeof value === 'symbol' ? 0 : valueBytes(value));
  }
  return bytes;
}

function valueBytes(value: ColumnValue): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'boolean') return 1;
  return Buffer.isBuffer(value) ? value.length : 8;
}
