import { parameterInvalid, refuseFields } from './ots-error.ts';
import { capacityUnits, existingTable, messages, operation } from './ots-operation.ts';
import { readPlainRow } from './plainbuffer-reader.ts';
import { writePlainRows } from './plainbuffer-writer.ts';
import { encodePrimaryKey } from './primary-key-order.ts';
import type { StoredRow } from './row-store.ts';
import { checkKey, checkRangeBound, rowBytes } from './table-schema.ts';

const MAX_PAGE_ROWS = 5000;
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
const MAX_COLUMNS_TO_GET = 128;
const BACKWARD = 1;
const UNSUPPORTED_FIELDS = ['filter', 'timeRange', 'startColumn', 'endColumn', 'token', 'transactionId'];

export const getRow = operation(messages.GetRowRequest, messages.GetRowResponse, (store, request) => {
  refuseFields('GetRow', request, UNSUPPORTED_FIELDS);
  checkSelection(request);
  const table = existingTable(store, request.tableName);
  const key = encodePrimaryKey(checkKey(table, readPlainRow(request.primaryKey).primaryKey));
  const stored = store.get(table, key);
  const row = stored && selectColumns(stored, request.columnsToGet);
  return {
    consumed: { capacityUnit: { read: capacityUnits(row ? rowBytes(row) : 0), write: 0 } },
    row: writePlainRows(row ? [row] : []),
  };
});

export const getRange = operation(messages.GetRangeRequest, messages.GetRangeResponse, (store, request) => {
  refuseFields('GetRange', request, UNSUPPORTED_FIELDS);
  checkSelection(request);
  const limit = Object.hasOwn(request, 'limit') ? (request.limit ?? 0) : MAX_PAGE_ROWS;
  if (limit <= 0) throw parameterInvalid('The limit must be greater than 0.');
  const table = existingTable(store, request.tableName);
  const bound = (bytes: Uint8Array) => encodePrimaryKey(checkRangeBound(table, readPlainRow(bytes).primaryKey));
  const start = bound(request.inclusiveStartPrimaryKey);
  const end = bound(request.exclusiveEndPrimaryKey);
  const isBackward = request.direction === BACKWARD;
  if (!isBackward && start.compare(end) >= 0) throw parameterInvalid('Begin key must less than end key in FORWARD');
  if (isBackward && start.compare(end) <= 0) throw parameterInvalid('Begin key must more than end key in BACKWARD');

  const { rows, bytes, next } = readPage(store.range(table, start, end, isBackward), {
    columns: request.columnsToGet,
    limit: Math.min(limit, MAX_PAGE_ROWS),
  });
  return {
    consumed: { capacityUnit: { read: capacityUnits(bytes), write: 0 } },
    rows: writePlainRows(rows),
    ...(next && { nextStartPrimaryKey: writePlainRows([{ primaryKey: next.primaryKey, columns: [] }]) }),
  };
});

/** Rows up to one of the limits; `next` is the first row of the following page. At least one row, however large. */
function readPage(range: Iterable<StoredRow>, { columns, limit }: { columns: readonly string[]; limit: number }) {
  const rows: StoredRow[] = [];
  let scanned = 0;
  let bytes = 0;
  for (const stored of range) {
    const row = selectColumns(stored, columns);
    const size = row ? rowBytes(row) : 0;
    if (scanned === limit || (rows.length > 0 && bytes + size > MAX_PAGE_BYTES)) return { rows, bytes, next: stored };
    scanned += 1;
    bytes += size;
    if (row) rows.push(row);
  }
  return { rows, bytes, next: undefined };
}

/** The row with these columns only (none named: all); undefined when it has none of them, as the service leaves it out. */
function selectColumns(row: StoredRow, names: readonly string[]): StoredRow | undefined {
  if (names.length === 0) return row;
  const columns = row.columns.filter(({ name }) => names.includes(name));
  const namesKey = row.primaryKey.some(({ name }) => names.includes(name));
  return columns.length > 0 || namesKey ? { primaryKey: row.primaryKey, columns } : undefined;
}

function checkSelection({ columnsToGet, maxVersions }: { columnsToGet: string[]; maxVersions?: number }): void {
  if (!maxVersions) throw parameterInvalid('No version condition is specified while querying row.');
  if (columnsToGet.length > MAX_COLUMNS_TO_GET) {
    throw parameterInvalid(
      `The number of columns from the request exceeds the limit, limit count: ${MAX_COLUMNS_TO_GET} , column count: ${columnsToGet.length}.`,
    );
  }
}
