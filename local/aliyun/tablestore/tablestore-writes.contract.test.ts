import sdk, { type Client, type KeyColumn } from 'tablestore';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  always,
  at,
  eachTestStartsTablestore,
  ifAbsent,
  ifPresent,
  refusal,
  textOf,
  whole,
} from './testing/tablestore-fixture.ts';

const tablestore = eachTestStartsTablestore();

describe('rows', () => {
  beforeEach(() => tablestore.createTable());

  test('come back with every type of value, and replaced as a whole', async () => {
    const attributeColumns = [
      { integer: sdk.Long.fromString('-9007199254740993') },
      { double: 1.5 },
      { yes: true },
      { text: '秒部 \0 🚀' },
      { bytes: Buffer.from([0, 255, 1]) },
    ];
    await tablestore.client.putRow({
      tableName: 'events',
      condition: always,
      primaryKey: at('a', -1),
      attributeColumns,
    });
    const row = await tablestore.get('a', -1);
    expect(row.primaryKey?.map(({ name, value }) => [name, String(value)])).toEqual([
      ['stream', 'a'],
      ['seq', '-1'],
    ]);
    expect(row.attributes?.map(({ columnName }) => columnName)).toEqual(['integer', 'double', 'yes', 'text', 'bytes']);
    const [integer, double, yes, text, bytes] = row.attributes?.map(({ columnValue }) => columnValue) ?? [];
    expect([String(integer), double, yes, text]).toEqual(['-9007199254740993', 1.5, true, '秒部 \0 🚀']);
    expect(Buffer.from(bytes as Uint8Array)).toEqual(Buffer.from([0, 255, 1]));

    await tablestore.put('a', -1, 'replaced');
    expect((await tablestore.get('a', -1)).attributes).toHaveLength(1);
  });

  test('that are absent are an empty answer', async () => {
    expect(await tablestore.get('a', 1)).toEqual({});
  });

  test('are written only when the condition holds', async () => {
    const failed = 'OTSConditionCheckFail: Condition check failed.';
    expect(await refusal(tablestore.put('a', 1, 'early', ifPresent))).toBe(failed);
    await tablestore.put('a', 1, 'first', ifAbsent);
    expect(await refusal(tablestore.put('a', 1, 'second', ifAbsent))).toBe(failed);
    expect(textOf(await tablestore.get('a', 1))).toBe('first');
    await tablestore.put('a', 1, 'third', ifPresent);
    expect(textOf(await tablestore.get('a', 1))).toBe('third');
  });

  test('are deleted, and only when the condition holds', async () => {
    const remove = (condition = always) =>
      tablestore.client.deleteRow({ tableName: 'events', condition, primaryKey: at('a', 1) });
    await tablestore.put('a', 1);
    await remove(ifPresent);
    expect(await tablestore.get('a', 1)).toEqual({});
    expect(await refusal(remove(ifPresent))).toBe('OTSConditionCheckFail: Condition check failed.');
    await remove();
  });

  test('fit the key of their table', async () => {
    const mismatch = 'OTSInvalidPK: Primary key schema mismatch.';
    const putAt = (primaryKey: KeyColumn[]) =>
      tablestore.client.putRow({
        tableName: 'events',
        condition: always,
        primaryKey,
        attributeColumns: [{ text: '' }],
      });
    expect(await refusal(putAt([{ stream: 'a' }]))).toBe(mismatch);
    expect(await refusal(putAt([{ stream: 'a' }, { number: sdk.Long.fromNumber(1) }]))).toBe(mismatch);
    expect(await refusal(putAt([{ stream: 'a' }, { seq: '1' }]))).toBe(mismatch);
    expect(await refusal(putAt([{ seq: sdk.Long.fromNumber(1) }, { stream: 'a' }]))).toBe(mismatch);
    await putAt(at('k'.repeat(1024), 1));
    expect(await refusal(putAt(at('k'.repeat(1025), 1)))).toMatch(/^OTSParameterInvalid: The length of primary key/);
  });

  test('keep within the size of a value and of a request', async () => {
    const half = 'x'.repeat(2 * 1024 * 1024);
    await tablestore.put('a', 1, half);
    expect(textOf(await tablestore.get('a', 1))).toHaveLength(half.length);
    expect(await refusal(tablestore.put('a', 1, `${half}x`))).toMatch(
      /^OTSParameterInvalid: The length of attribute column/,
    );
    const attributeColumns = [{ one: half }, { two: half }];
    expect(
      await refusal(
        tablestore.client.putRow({ tableName: 'events', condition: always, primaryKey: at('a', 2), attributeColumns }),
      ),
    ).toMatch(/^OTSParameterInvalid: The total data size of PutRow request exceeds the limit/);
  });

  test('what the local cloud does not do is refused, not ignored', async () => {
    type Request = Parameters<Client['getRange']>[0] & { startColumn: string };
    const request: Request = { ...whole('a'), startColumn: 'text' };
    expect(await refusal(tablestore.client.getRange(request))).toMatch(/^OTSUnsupportOperation/);
    const deleteTable = Reflect.get(tablestore.client, 'deleteTable') as (request: object) => Promise<unknown>;
    expect(await refusal(deleteTable.call(tablestore.client, { tableName: 'events' }))).toBe(
      "OTSUnsupportOperation: Unsupported operation: 'DeleteTable'.",
    );
  });
});

describe('batches', () => {
  beforeEach(() => tablestore.createTable());
  const putInBatch = (seq: number, condition = always, text = 'batch') => ({
    type: 'PUT' as const,
    condition,
    primaryKey: at('a', seq),
    attributeColumns: [{ text }],
  });
  const write = (rows: ReturnType<typeof putInBatch>[]) =>
    tablestore.client.batchWriteRow({ tables: [{ tableName: 'events', rows }] });

  test('write the rows whose conditions hold, and tell which do not', async () => {
    await tablestore.put('a', 2, 'older');
    const { tables } = await write([putInBatch(1, ifAbsent), putInBatch(2, ifAbsent), putInBatch(3, ifAbsent)]);
    expect(tables.map(({ isOk, errorCode }) => [isOk, errorCode])).toEqual([
      [true, null],
      [false, 'OTSConditionCheckFail'],
      [true, null],
    ]);
    expect(textOf(await tablestore.get('a', 2))).toBe('older');
    expect(textOf(await tablestore.get('a', 3))).toBe('batch');
  });

  test('delete', async () => {
    await tablestore.put('a', 1);
    await tablestore.client.batchWriteRow({
      tables: [{ tableName: 'events', rows: [{ type: 'DELETE', condition: always, primaryKey: at('a', 1) }] }],
    });
    expect(await tablestore.get('a', 1)).toEqual({});
  });

  test('with one invalid row write nothing', async () => {
    const invalid = { ...putInBatch(2), primaryKey: [{ stream: 'a' }] };
    expect(await refusal(write([putInBatch(1), invalid]))).toMatch(/^OTSInvalidPK/);
    expect(await tablestore.get('a', 1)).toEqual({});
  });

  test('hold 200 rows and 4 MB, and no conditional row twice', async () => {
    const rows = Array.from({ length: 201 }, (_, seq) => putInBatch(seq));
    await write(rows.slice(0, 200));
    expect(await refusal(write(rows))).toBe('OTSParameterInvalid: Rows count exceeds the upper limit: 200.');
    const megabyte = 'x'.repeat(1024 * 1024);
    const large = Array.from({ length: 4 }, (_, seq) => putInBatch(seq, always, megabyte));
    expect(await refusal(write(large))).toMatch(/^OTSParameterInvalid: The total data size of BatchWriteRow/);
    expect(await refusal(write([putInBatch(1, ifAbsent), putInBatch(1, ifAbsent)]))).toMatch(
      /^OTSParameterInvalid: Repeated rows/,
    );
  });
});
