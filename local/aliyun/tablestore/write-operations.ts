import type { RowInBatch } from 'tablestore/lib/protocol/tablestore_compiled_proto.js';
import { OtsError, parameterInvalid, refuseFields, unsupported } from './ots-error.ts';
import { capacityUnits, existingTable, messages, operation } from './ots-operation.ts';
import type { PlainRow } from './plainbuffer-format.ts';
import { readPlainRow } from './plainbuffer-reader.ts';
import { encodePrimaryKey } from './primary-key-order.ts';
import { checkRowCondition, type RowCondition, readRowCondition } from './row-condition.ts';
import type { RowStore, StoredRow } from './row-store.ts';
import { checkColumns, checkKey, rowBytes, type Table } from './table-schema.ts';

const MAX_WRITE_BYTES = 4 * 1024 * 1024;
const MAX_BATCH_ROWS = 200;
const operationType = { put: 1, update: 2, delete: 3 } as const;

/** A write whose request is valid; whether it happens is up to its condition. */
interface Write {
  readonly table: Table;
  readonly key: Buffer;
  readonly condition: RowCondition;
  /** Undefined deletes. */
  readonly row: StoredRow | undefined;
  readonly bytes: number;
}

type WriteRequest = Pick<RowInBatch, 'rowChange' | 'condition' | 'returnContent'>;

export const putRow = operation(messages.PutRowRequest, messages.PutRowResponse, (store, request) => {
  refuseFields('PutRow', request, ['transactionId']);
  const write = readPut(existingTable(store, request.tableName), { ...request, rowChange: request.row });
  checkSize('PutRow', write.bytes);
  return { consumed: store.transaction(() => perform(store, write)) };
});

export const deleteRow = operation(messages.DeleteRowRequest, messages.DeleteRowResponse, (store, request) => {
  refuseFields('DeleteRow', request, ['transactionId']);
  const write = readDelete(existingTable(store, request.tableName), { ...request, rowChange: request.primaryKey });
  return { consumed: store.transaction(() => perform(store, write)) };
});

/** Any invalid row fails the request; a failed condition fails its own row only. */
export const batchWriteRow = operation(
  messages.BatchWriteRowRequest,
  messages.BatchWriteRowResponse,
  (store, request) => {
    refuseFields('BatchWriteRow', request, ['transactionId']);
    const rowCount = request.tables.reduce((sum, { rows }) => sum + rows.length, 0);
    if (rowCount === 0) throw parameterInvalid('No row is specified in BatchWriteRow.');
    if (rowCount > MAX_BATCH_ROWS) throw parameterInvalid(`Rows count exceeds the upper limit: ${MAX_BATCH_ROWS}.`);
    checkNoDuplicateTable(request.tables.map(({ tableName }) => tableName));

    const tables = request.tables.map(({ tableName, rows }) => {
      if (rows.length === 0) throw parameterInvalid(`No operation is specified for table: '${tableName}'.`);
      const table = existingTable(store, tableName);
      const writes = rows.map((row) => readWrite(table, row));
      checkNoRepeatedConditionalRow(writes);
      return { tableName, writes };
    });
    checkSize(
      'BatchWriteRow',
      tables.flatMap(({ writes }) => writes).reduce((sum, write) => sum + write.bytes, 0),
    );
    return store.transaction(() => ({
      tables: tables.map(({ tableName, writes }) => ({
        tableName,
        rows: writes.map((write) => performInBatch(store, write)),
      })),
    }));
  },
);

function readWrite(table: Table, row: RowInBatch): Write {
  switch (row.type) {
    case operationType.put:
      return readPut(table, row);
    case operationType.delete:
      return readDelete(table, row);
    case operationType.update:
      throw unsupported('BatchWriteRow with UPDATE');
    default:
      throw parameterInvalid('The type of row in batch write operation is invalid.');
  }
}

function readPut(table: Table, request: WriteRequest): Write {
  const row = readPlainRow(request.rowChange);
  if (row.isDelete) {
    throw parameterInvalid('Invalid request of put/update row: unexpected RowDeleteMarker in request.');
  }
  const columns = checkColumns(table, row);
  return { ...readCommon(table, row, request), row: { primaryKey: row.primaryKey, columns } };
}

function readDelete(table: Table, request: WriteRequest): Write {
  const row = readPlainRow(request.rowChange);
  if (!row.isDelete) throw parameterInvalid('Invalid request of delete row: missing RowDeleteMarker in request.');
  if (row.columns.length > 0) throw parameterInvalid('Invalid delete row request: unexpected cells in request.');
  return { ...readCommon(table, row, request), row: undefined };
}

function readCommon(table: Table, row: PlainRow, request: WriteRequest): Omit<Write, 'row'> {
  if (request.returnContent?.returnType) throw unsupported('a write with returnContent');
  return {
    table,
    key: encodePrimaryKey(checkKey(table, row.primaryKey)),
    condition: readRowCondition(request.condition),
    bytes: rowBytes(row),
  };
}

function perform(store: RowStore, { table, key, condition, row, bytes }: Write) {
  checkRowCondition(condition, store.get(table, key) !== undefined);
  if (row) store.put(table, key, row);
  else store.delete(table, key);
  return { capacityUnit: { read: 0, write: capacityUnits(bytes) } };
}

function performInBatch(store: RowStore, write: Write) {
  try {
    return { isOk: true, consumed: perform(store, write) };
  } catch (error) {
    if (!(error instanceof OtsError)) throw error;
    return { isOk: false, error: { code: error.code, message: error.message } };
  }
}

function checkSize(operationName: string, bytes: number): void {
  if (bytes <= MAX_WRITE_BYTES) return;
  throw parameterInvalid(
    `The total data size of ${operationName} request exceeds the limit, limit size: ${MAX_WRITE_BYTES}, data size: ${bytes}.`,
  );
}

function checkNoDuplicateTable(names: readonly string[]): void {
  const duplicate = names.find((name, index) => names.indexOf(name) !== index);
  if (duplicate !== undefined) throw parameterInvalid(`Duplicated table name: '${duplicate}'.`);
}

function checkNoRepeatedConditionalRow(writes: readonly Write[]): void {
  const keys = writes.map(({ key }) => key.toString('hex'));
  const repeated = writes.some(
    ({ condition }, index) =>
      condition.expectsExistence !== undefined && keys.filter((key) => key === keys[index]).length > 1,
  );
  if (repeated) throw parameterInvalid('Repeated rows do not support row exist expectation check in BatchModify.');
}
