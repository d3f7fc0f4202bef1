import sdk, { type Client, type KeyColumn } from 'tablestore';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  always,
  at,
  eachTestStartsTablestore,
  refusal,
  sequence,
  textOf,
  whole,
} from './testing/tablestore-fixture.ts';

const tablestore = eachTestStartsTablestore();

describe('ranges', () => {
  beforeEach(async () => {
    await tablestore.createTable();
    for (const seq of [10, -1, 2, 1, 300]) await tablestore.put('a', seq);
    await tablestore.put('a\0', 1);
    await tablestore.put('b', 1);
  });

  test('run forward and backward, the start included and the end not', async () => {
    expect(sequence((await tablestore.client.getRange(whole('a'))).rows)).toEqual([-1, 1, 2, 10, 300]);
    const { rows } = await tablestore.client.getRange({
      tableName: 'events',
      direction: 'BACKWARD',
      inclusiveStartPrimaryKey: at('a', 10),
      exclusiveEndPrimaryKey: at('a', -1),
    });
    expect(sequence(rows)).toEqual([10, 2, 1]);
  });

  test('over all keys go by stream, then number', async () => {
    const { rows } = await tablestore.client.getRange({
      tableName: 'events',
      direction: 'FORWARD',
      inclusiveStartPrimaryKey: [{ stream: sdk.INF_MIN }, { seq: sdk.INF_MIN }],
      exclusiveEndPrimaryKey: [{ stream: sdk.INF_MAX }, { seq: sdk.INF_MAX }],
    });
    expect(rows.map(textOf)).toEqual(['a -1', 'a 1', 'a 2', 'a 10', 'a 300', 'a\0 1', 'b 1']);
  });

  test.each(['FORWARD', 'BACKWARD'] as const)(
    'go on %s from the next start key until there is none',
    async (direction) => {
      const ends = [
        [{ stream: 'a' }, { seq: sdk.INF_MIN }],
        [{ stream: 'a' }, { seq: sdk.INF_MAX }],
      ];
      const [first = [], last = []] = direction === 'FORWARD' ? ends : ends.toReversed();
      const pages: unknown[] = [];
      let inclusiveStartPrimaryKey: KeyColumn[] | undefined = first;
      while (inclusiveStartPrimaryKey) {
        const page: Awaited<ReturnType<Client['getRange']>> = await tablestore.client.getRange({
          tableName: 'events',
          direction,
          inclusiveStartPrimaryKey,
          exclusiveEndPrimaryKey: last,
          limit: 2,
        });
        pages.push(sequence(page.rows));
        inclusiveStartPrimaryKey = page.nextStartPrimaryKey?.map(({ name, value }) => ({ [name]: value }));
      }
      expect(pages).toEqual(direction === 'FORWARD' ? [[-1, 1], [2, 10], [300]] : [[300, 10], [2, 1], [-1]]);
    },
  );

  test('answer the named columns, and leave out rows that have none of them', async () => {
    const attributeColumns = [{ text: 'both' }, { mark: true }];
    await tablestore.client.putRow({
      tableName: 'events',
      condition: always,
      primaryKey: at('a', 2),
      attributeColumns,
    });
    const { rows } = await tablestore.client.getRange({ ...whole('a'), columnsToGet: ['mark'] });
    expect(sequence(rows)).toEqual([2]);
    expect(rows[0]?.attributes.map(({ columnName }) => columnName)).toEqual(['mark']);
  });

  test('end a page at 4 MB', async () => {
    for (const seq of [1, 2, 3, 4]) await tablestore.put('large', seq, 'x'.repeat(1.5 * 1024 * 1024));
    const page = await tablestore.client.getRange(whole('large'));
    expect(sequence(page.rows)).toEqual([1, 2]);
    expect(page.nextStartPrimaryKey?.map(({ value }) => String(value))).toEqual(['large', '3']);
  });

  test('the wrong way round are refused', async () => {
    const [start, end] = [at('a', 1), at('a', 2)];
    const range = (direction: 'FORWARD' | 'BACKWARD', from: KeyColumn[], to: KeyColumn[]) =>
      tablestore.client.getRange({
        tableName: 'events',
        direction,
        inclusiveStartPrimaryKey: from,
        exclusiveEndPrimaryKey: to,
      });
    expect(await refusal(range('FORWARD', end, start))).toMatch(/^OTSParameterInvalid: Begin key must less/);
    expect(await refusal(range('BACKWARD', start, end))).toMatch(/^OTSParameterInvalid: Begin key must more/);
    expect(await refusal(range('FORWARD', start, start))).toMatch(/^OTSParameterInvalid: Begin key must less/);
  });
});
