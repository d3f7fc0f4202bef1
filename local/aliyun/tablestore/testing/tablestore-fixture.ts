import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sdk, { type Client, type Condition, type Configuration, type KeyColumn, type Row } from 'tablestore';
import { afterEach, beforeEach } from 'vitest';
import { listen } from '../../../wire/emulator.ts';
import { createAccount } from '../../account.ts';
import { createTablestoreEmulator } from '../tablestore-emulator.ts';

export const DAY = 86_400;
export const account = createAccount('tablestore contract test');
export const always = new sdk.Condition(sdk.RowExistenceExpectation.IGNORE, null);
export const ifAbsent = new sdk.Condition(sdk.RowExistenceExpectation.EXPECT_NOT_EXIST, null);
export const ifPresent = new sdk.Condition(sdk.RowExistenceExpectation.EXPECT_EXIST, null);

/** An emulator for each test of the file, with its state in a folder, and the vendor's SDK in front of it. */
export function eachTestStartsTablestore() {
  let directory: string;
  let running: Awaited<ReturnType<typeof start>>;

  async function start(now?: () => number) {
    const options = { account, stateDirectory: directory, instanceName: 'miaobu' };
    const emulator = createTablestoreEmulator({ ...options, ...(now ? { now } : {}) });
    const listening = await listen(emulator);
    const stop = async () => {
      await listening.close();
      await emulator.close();
    };
    return { url: listening.url, stop };
  }

  const clientWith = (configuration: Partial<Configuration>): Client =>
    new sdk.Client({
      endpoint: running.url,
      instancename: 'miaobu',
      ...account.operator,
      maxRetries: 0,
      ...configuration,
    });

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'tablestore-'));
    running = await start();
  });
  afterEach(async () => {
    await running.stop();
    await rm(directory, { recursive: true });
  });

  return {
    get url() {
      return running.url;
    },
    get client() {
      return clientWith({});
    },
    clientWith,
    /** The same state in a new emulator, which may tell another time. */
    async restart(now?: () => number) {
      await running.stop();
      running = await start(now);
    },
    /** Table `events` with the key (stream, seq). */
    createTable: (timeToLive = -1) =>
      clientWith({}).createTable({
        tableMeta: {
          tableName: 'events',
          primaryKey: [
            { name: 'stream', type: 'STRING' },
            { name: 'seq', type: 'INTEGER' },
          ],
        },
        reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
        tableOptions: { timeToLive, maxVersions: 1 },
      }),
    put: (stream: string, seq: number, text = `${stream} ${seq}`, condition: Condition = always) =>
      clientWith({}).putRow({
        tableName: 'events',
        condition,
        primaryKey: at(stream, seq),
        attributeColumns: [{ text }],
      }),
    async get(stream: string, seq: number) {
      return (await clientWith({}).getRow({ tableName: 'events', primaryKey: at(stream, seq) })).row;
    },
  };
}

export const at = (stream: string, seq: number): KeyColumn[] => [{ stream }, { seq: sdk.Long.fromNumber(seq) }];

/** The range of everything in a stream. */
export const whole = (stream: string) => ({
  tableName: 'events',
  direction: 'FORWARD' as const,
  inclusiveStartPrimaryKey: [{ stream }, { seq: sdk.INF_MIN }],
  exclusiveEndPrimaryKey: [{ stream }, { seq: sdk.INF_MAX }],
});

export const textOf = (row: { attributes?: Row['attributes'] | undefined }) => row.attributes?.[0]?.columnValue;

export const sequence = (rows: Row[]) =>
  rows.map(({ primaryKey }) => {
    const value = primaryKey[1]?.value;
    return typeof value === 'object' ? value.toNumber() : value;
  });

/**
 * Code and text of the error answer. The SDK leaves it undecoded: code, field 2's tag, a length byte, text, and puts the
 * request's id behind.
 */
export async function refusal(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => new Error('nothing was refused'),
    (thrown: Error) => thrown,
  );
  const [code, text = ''] = error.message.slice(error.message.indexOf('OTS')).split('\u0012');
  return `${code}: ${text.slice(1, text.lastIndexOf(' requestId:'))}`;
}
