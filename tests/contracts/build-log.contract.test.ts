import {
  type TablestoreBuildLog,
  type TablestoreBuildLogConfig,
  tablestoreBuildLog,
} from '@miaobu/shared/adapters/aliyun/tablestore-build-log';
import type { BuildLogChunk, BuildLogEntry } from '@miaobu/shared/ports/build-log';
import sdk from 'tablestore';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAccount } from '../../local/aliyun/account.ts';
import { createTablestoreEmulator } from '../../local/aliyun/tablestore/tablestore-emulator.ts';
import { type Emulator, type Listening, listen } from '../../local/wire/emulator.ts';
import { createFaults, type Faults } from '../../local/wire/faults.ts';

const DAY = 86_400;
const account = createAccount('build log contract test');
const started = Date.parse('2026-01-02T03:04:05.678Z');

let emulator: Emulator;
let faults: Faults;
let listening: Listening;
let log: TablestoreBuildLog;

const logWith = (config: Partial<TablestoreBuildLogConfig>) =>
  tablestoreBuildLog({
    endpoint: listening.url,
    instance: 'miaobu',
    table: 'build_log',
    credentials: () => account.roleCredentials('acs:ram::1:role/miaobu'),
    timeToLiveSeconds: 30 * DAY,
    ...config,
  });

beforeEach(async () => {
  faults = createFaults();
  emulator = createTablestoreEmulator({ account, stateDirectory: ':memory:', instanceName: 'miaobu' });
  listening = await listen(faults.wrap('tablestore', emulator));
  log = logWith({});
  await log.ensureTable();
});
afterEach(async () => {
  await listening.close();
  await emulator.close();
});

const chunk = (number: number, text = `chunk ${number}\n`): BuildLogChunk => ({
  chunk: number,
  text,
  at: new Date(started + number * 1000),
});
const append = (attempt: number, numbers: number[], deploymentId = 'dep_1') =>
  log.append(
    { deploymentId, attempt },
    numbers.map((number) => chunk(number, `${attempt}:${number}`)),
  );
const read = (options: Partial<Parameters<TablestoreBuildLog['read']>[1]> = {}, deploymentId = 'dep_1') =>
  log.read({ deploymentId }, { limit: 100, ...options });
const texts = (entries: readonly BuildLogEntry[]) => entries.map(({ text }) => text);

describe('append', () => {
  test('keeps text and time as they came', async () => {
    const text = 'npm 安装 🚀\r\n\u001b[31mred\u001b[0m \0 end';
    await log.append({ deploymentId: 'dep_1', attempt: 1 }, [{ chunk: 0, text, at: new Date(started) }]);
    const { entries } = await read();
    expect(entries).toEqual([{ cursor: expect.any(String), attempt: 1, at: '2026-01-02T03:04:05.678Z', text }]);
  });

  test('a chunk written twice keeps the first text, and the new ones beside it are kept', async () => {
    const key = { deploymentId: 'dep_1', attempt: 1 };
    await log.append(key, [chunk(0, 'first')]);
    await log.append(key, [chunk(0, 'second'), chunk(1, 'new'), chunk(1, 'twice in one call')]);
    expect(texts((await read()).entries)).toEqual(['first', 'new']);
  });

  test('of many and large chunks, more than one request holds, keeps all', async () => {
    const large = 'x'.repeat(256 * 1024);
    const chunks = [
      ...Array.from({ length: 20 }, (_, number) => chunk(number, large)),
      ...Array.from({ length: 230 }, (_, number) => chunk(20 + number)),
    ];
    await log.append({ deploymentId: 'dep_1', attempt: 1 }, chunks);
    const all = await readAll(1000);
    expect(all).toHaveLength(250);
    expect(texts(all)).toEqual(chunks.map(({ text }) => text));
  });

  test('of nothing asks for nothing', async () => {
    faults.inject({ service: 'tablestore', fault: { kind: 'error' } });
    await log.append({ deploymentId: 'dep_1', attempt: 1 }, []);
  });
});

/** Page after page until there is no next cursor. */
async function readAll(limit: number): Promise<BuildLogEntry[]> {
  const all: BuildLogEntry[] = [];
  let after: string | undefined;
  do {
    const page = await read({ after, limit });
    all.push(...page.entries);
    after = page.nextCursor;
  } while (after !== undefined);
  return all;
}

describe('read', () => {
  test('goes attempt by attempt in the order of numbers, and shows no other deployment', async () => {
    await append(10, [0, 1]);
    await append(2, [0, 1]);
    await append(1, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    await append(1, [0], 'dep_0');
    await append(1, [0], 'dep_10');
    const { entries, nextCursor } = await read();
    expect(entries.map(({ attempt, text }) => [attempt, text])).toEqual([
      ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((number) => [1, `1:${number}`]),
      [2, '2:0'],
      [2, '2:1'],
      [10, '10:0'],
      [10, '10:1'],
    ]);
    expect(nextCursor).toBeUndefined();
  });

  test('of a deployment without a log is empty', async () => {
    expect(await read({}, 'dep_none')).toEqual({ entries: [] });
  });

  test.each([1, 2, 3, 5, 7, 8])('in pages of %i gives every entry once', async (limit) => {
    await append(1, [0, 1, 2]);
    await append(2, [0, 1, 2, 3]);
    expect(texts(await readAll(limit))).toEqual(['1:0', '1:1', '1:2', '2:0', '2:1', '2:2', '2:3']);
  });

  test('goes on after any entry', async () => {
    await append(1, [0, 1, 2]);
    const { entries } = await read();
    const textsAfter = async (index: number) => texts((await read({ after: entries[index]?.cursor })).entries);
    expect(await textsAfter(0)).toEqual(['1:1', '1:2']);
    expect(await textsAfter(1)).toEqual(['1:2']);
    expect(await textsAfter(2)).toEqual([]);
  });

  test('refuses what is not a cursor', async () => {
    for (const after of ['', '1', '1.2.3', '-1.0', '1.x', "1.0' or true"]) {
      await expect(read({ after })).rejects.toMatchObject({ name: 'AppError', code: 'invalid_request' });
    }
  });
});

describe('the tail of a growing log', () => {
  test('loses and doubles nothing, in whatever order the chunks arrive and however often', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    const follow = async () => {
      const { entries } = await read({ after: cursor });
      seen.push(...texts(entries));
      cursor = entries.at(-1)?.cursor ?? cursor;
      return texts(entries);
    };

    await append(1, [1]);
    expect(await follow()).toEqual([]);
    await append(1, [0]);
    expect(await follow()).toEqual(['1:0', '1:1']);
    await append(1, [2, 4, 5]);
    expect(await follow()).toEqual(['1:2']);
    expect(await follow()).toEqual([]);
    await append(1, [3, 2]);
    expect(await follow()).toEqual(['1:3', '1:4', '1:5']);
    await append(1, [7]);
    expect(await follow()).toEqual([]);
    // The first attempt is lost with its chunk 6; what it had sent is shown before what the second one prints.
    await append(2, [1]);
    expect(await follow()).toEqual(['1:7']);
    await append(2, [0]);
    expect(await follow()).toEqual(['2:0', '2:1']);
    expect(seen).toEqual(['1:0', '1:1', '1:2', '1:3', '1:4', '1:5', '1:7', '2:0', '2:1']);
  });

  test('waits for a missing chunk beyond the end of a page too', async () => {
    await append(1, [0, 1, 3]);
    const { entries, nextCursor } = await read({ limit: 2 });
    expect(texts(entries)).toEqual(['1:0', '1:1']);
    expect(await read({ limit: 2, after: nextCursor })).toEqual({ entries: [] });
  });

  test('passes what is missing once the build has ended', async () => {
    await append(1, [1, 2, 5]);
    expect(texts((await read({ ended: true })).entries)).toEqual(['1:1', '1:2', '1:5']);
  });
});

test('delete forgets one deployment, many pages of it, and may be repeated', async () => {
  await append(
    1,
    Array.from({ length: 450 }, (_, number) => number),
  );
  await append(2, [0]);
  await append(1, [0], 'dep_2');
  await log.delete('dep_1');
  expect((await read()).entries).toEqual([]);
  expect(texts((await read({}, 'dep_2')).entries)).toEqual(['1:0']);
  await log.delete('dep_1');
});

describe('ensureTable', () => {
  test('may be repeated, keeps what is there and follows the configured time to live', async () => {
    await append(1, [0]);
    await log.ensureTable();
    await logWith({ timeToLiveSeconds: 7 * DAY }).ensureTable();
    expect(texts((await read()).entries)).toEqual(['1:0']);
    const client = new sdk.Client({
      endpoint: listening.url,
      instancename: 'miaobu',
      ...account.operator,
      maxRetries: 0,
    });
    expect((await client.describeTable({ tableName: 'build_log' })).tableOptions.timeToLive).toBe(7 * DAY);

    await client.createTable({
      tableMeta: { tableName: 'other', primaryKey: [{ name: 'id', type: 'STRING' }] },
      reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
      tableOptions: { timeToLive: -1, maxVersions: 1 },
    });
    await expect(logWith({ table: 'other' }).ensureTable()).rejects.toMatchObject({
      code: 'vendor_rejected',
      message: expect.stringContaining('other'),
    });
  });
});

describe('when Tablestore does not do as asked', () => {
  const unavailable = { name: 'AppError', code: 'log_store_unavailable' };

  test('an outage is log_store_unavailable, at once: the callers try again', async () => {
    let requests = 0;
    const failing = await listen({
      handle(request, response) {
        requests += 1;
        request.resume();
        response.writeHead(503).end('\n\u000dOTSServerBusy\u0012\u000fServer is busy.');
      },
    });
    try {
      const failingLog = logWith({ endpoint: failing.url });
      await expect(failingLog.read({ deploymentId: 'dep_1' }, { limit: 1 })).rejects.toMatchObject(unavailable);
      expect(requests).toBe(1);
    } finally {
      await failing.close();
    }
    await expect(logWith({ endpoint: failing.url }).delete('dep_1')).rejects.toMatchObject(unavailable);
  });

  test('an append whose answer was lost is done, and may be repeated', async () => {
    faults.inject({ service: 'tablestore', path: '/BatchWriteRow', times: 1, fault: { kind: 'lost-response' } });
    await expect(append(1, [0])).rejects.toMatchObject(unavailable);
    await append(1, [0, 1]);
    expect(texts((await read()).entries)).toEqual(['1:0', '1:1']);
  });

  test('a request without an answer fails after the configured time', async () => {
    faults.inject({ service: 'tablestore', fault: { kind: 'hang' } });
    await expect(logWith({ timeoutMs: 50 }).delete('dep_1')).rejects.toMatchObject(unavailable);
  });

  test('so does an answer that breaks off, for which the SDK would wait forever', async () => {
    const breaking = await listen({
      handle(request, response) {
        request.resume();
        response.writeHead(200, { 'content-length': 100 });
        response.write('part of it', () => response.destroy());
      },
    });
    try {
      const brokenLog = logWith({ endpoint: breaking.url, timeoutMs: 50 });
      await expect(brokenLog.delete('dep_1')).rejects.toMatchObject(unavailable);
    } finally {
      await breaking.close();
    }
  });

  test.each(['OTSFlowControl', 'OTSOperationThrottled', 'OTSQuotaExhausted'])(
    '%s is throttling, with the stated wait',
    async (code) => {
      const throttling = await listen({
        handle(request, response) {
          request.resume();
          response.writeHead(403, { 'retry-after': '97' }).end(`\n${String.fromCharCode(code.length)}${code}`);
        },
      });
      await expect(logWith({ endpoint: throttling.url }).delete('dep_1')).rejects.toMatchObject({
        code: 'vendor_throttled',
        details: { service: 'log_store', retryAfterSeconds: 97 },
      });
      await throttling.close();
    },
  );

  test('a missing table and refused credentials are the operator’s to mend, and the error names the reason', async () => {
    await expect(logWith({ table: 'missing' }).read({ deploymentId: 'dep_1' }, { limit: 1 })).rejects.toMatchObject({
      code: 'platform_misconfigured',
      message: expect.stringContaining('OTSObjectNotExist'),
    });
    const stolen = () => ({ ...account.operator, accessKeySecret: 'wrong' });
    await expect(logWith({ credentials: stolen }).delete('dep_1')).rejects.toMatchObject({
      code: 'platform_misconfigured',
      message: expect.stringContaining('OTSAuthFailed'),
    });
  });
});

test('credentials are asked for before every call', async () => {
  const keys = [account.operator, account.roleCredentials('acs:ram::1:role/rotated')];
  const asked: string[] = [];
  const rotating = logWith({
    credentials: () => {
      const next = keys[asked.length] ?? account.operator;
      asked.push(next.accessKeyId);
      return next;
    },
  });
  await rotating.read({ deploymentId: 'dep_1' }, { limit: 1 });
  await rotating.read({ deploymentId: 'dep_1' }, { limit: 1 });
  expect(asked).toEqual(keys.map(({ accessKeyId }) => accessKeyId));
});
