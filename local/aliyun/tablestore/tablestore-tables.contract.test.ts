import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  DAY,
  eachTestStartsTablestore,
  ifAbsent,
  refusal,
  sequence,
  textOf,
  whole,
} from './testing/tablestore-fixture.ts';

const tablestore = eachTestStartsTablestore();

describe('tables', () => {
  test('are created once, listed and described', async () => {
    await tablestore.createTable(DAY);
    expect((await tablestore.client.listTable({})).tableNames).toEqual(['events']);
    const { tableMeta, tableOptions } = await tablestore.client.describeTable({ tableName: 'events' });
    expect(tableMeta.primaryKey.map(({ name, type }) => [name, type])).toEqual([
      ['stream', 2],
      ['seq', 1],
    ]);
    expect(tableOptions.timeToLive).toBe(DAY);
    expect(await refusal(tablestore.createTable())).toBe('OTSObjectAlreadyExist: Requested table already exists.');
  });

  test('that do not exist are an error for every operation', async () => {
    const missing = 'OTSObjectNotExist: Requested table does not exist.';
    expect(await refusal(tablestore.put('a', 1))).toBe(missing);
    expect(await refusal(tablestore.get('a', 1))).toBe(missing);
    expect(await refusal(tablestore.client.getRange(whole('a')))).toBe(missing);
    expect(await refusal(tablestore.client.describeTable({ tableName: 'events' }))).toBe(missing);
  });

  test('live at least a day', async () => {
    expect(await refusal(tablestore.createTable(DAY - 1))).toMatch(/^OTSParameterInvalid: TimeToLive/);
    expect(await refusal(tablestore.createTable(0))).toMatch(/^OTSParameterInvalid: TimeToLive/);
  });

  test('have one to four key columns', async () => {
    const withKeyColumns = (count: number) =>
      tablestore.client.createTable({
        tableMeta: {
          tableName: 'keys',
          primaryKey: Array.from({ length: count }, (_, index) => ({ name: `key_${index}`, type: 'STRING' as const })),
        },
        reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
        tableOptions: { timeToLive: -1, maxVersions: 1 },
      });
    const expected = 'OTSParameterInvalid: The number of primary key columns must be in range: [1, 4].';
    expect(await refusal(withKeyColumns(0))).toBe(expected);
    expect(await refusal(withKeyColumns(5))).toBe(expected);
    await withKeyColumns(4);
  });
});

test('tables and rows survive a restart', async () => {
  await tablestore.createTable(DAY);
  await tablestore.put('a', 1, 'kept');
  await tablestore.restart();
  expect(textOf(await tablestore.get('a', 1))).toBe('kept');
  expect((await tablestore.client.describeTable({ tableName: 'events' })).tableOptions.timeToLive).toBe(DAY);
});

describe('time to live', () => {
  // Moves the clock of the SDK and of the emulator alike: a request signed tomorrow is good tomorrow.
  const moveClock = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await tablestore.createTable(DAY);
  });
  afterEach(() => vi.useRealTimers());

  test('a row past it is gone for reads, ranges and conditions', async () => {
    await tablestore.put('a', 1, 'older');
    moveClock(DAY / 2);
    await tablestore.put('a', 2, 'newer');
    moveClock(DAY / 2 - 1);
    expect(textOf(await tablestore.get('a', 1))).toBe('older');
    moveClock(1);
    expect(await tablestore.get('a', 1)).toEqual({});
    expect(sequence((await tablestore.client.getRange(whole('a'))).rows)).toEqual([2]);
    await tablestore.put('a', 1, 'written again', ifAbsent);
    expect(textOf(await tablestore.get('a', 1))).toBe('written again');
  });

  test('can be changed for the rows there are', async () => {
    await tablestore.put('a', 1);
    await tablestore.client.updateTable({ tableName: 'events', tableOptions: { timeToLive: 3 * DAY, maxVersions: 1 } });
    moveClock(2 * DAY);
    expect(textOf(await tablestore.get('a', 1))).toBe('a 1');
    await tablestore.client.updateTable({ tableName: 'events', tableOptions: { timeToLive: -1, maxVersions: 1 } });
    moveClock(1000 * DAY);
    expect(textOf(await tablestore.get('a', 1))).toBe('a 1');
  });

  test('a restart keeps the rows within it, and the others do not come back', async () => {
    await tablestore.put('a', 1);
    moveClock(DAY / 2);
    await tablestore.put('a', 2);
    moveClock(DAY / 2);
    await tablestore.restart();
    await tablestore.client.updateTable({ tableName: 'events', tableOptions: { timeToLive: -1, maxVersions: 1 } });
    expect(sequence((await tablestore.client.getRange(whole('a'))).rows)).toEqual([2]);
  });
});
