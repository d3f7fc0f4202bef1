import { type TablestoreBuildLog, tablestoreBuildLog } from '@miaobu/shared/adapters/aliyun/tablestore-build-log';
import { LOG_CHUNK_LIMIT_BYTES, LOG_LIMIT_BYTES } from '@miaobu/shared/contracts/build-job';
import { sql } from '@miaobu/shared/db/sql';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAccount } from '../../local/aliyun/account.ts';
import { createTablestoreEmulator } from '../../local/aliyun/tablestore/tablestore-emulator.ts';
import { type Emulator, type Listening, listen } from '../../local/wire/emulator.ts';
import { createFaults } from '../../local/wire/faults.ts';
import { type CallbackUnderTest, callbackUnderTest } from '../../tests/database/callback-under-test.ts';
import {
  dispatchAttempt,
  openTestStore,
  prepareSite,
  queueTestDeployment,
  type TestStore,
} from '../../tests/database/prepare-deployment.ts';

const faults = createFaults();
let tablestore: Emulator;
let listening: Listening;
let buildLog: TablestoreBuildLog;
let stored: TestStore;
let callback: CallbackUnderTest;

beforeAll(async () => {
  const account = createAccount('append log test');
  tablestore = createTablestoreEmulator({ account, stateDirectory: ':memory:', instanceName: 'miaobu' });
  listening = await listen(faults.wrap('tablestore', tablestore));
  buildLog = tablestoreBuildLog({
    endpoint: listening.url,
    instance: 'miaobu',
    table: 'build_log',
    credentials: () => account.operator,
    timeToLiveSeconds: 86_400,
  });
  await buildLog.ensureTable();
  stored = await openTestStore();
  callback = callbackUnderTest(stored, {
    buildLog,
    // Logs are stored elsewhere; only the preceding redemption needs an archive URL.
    codeHost: { archiveUrl: async () => 'https://archive.example/site.tar.gz' },
    objectStore: { presignPut: () => Promise.reject(new Error('not asked for')) },
  });
});
beforeEach(() => stored.empty());
afterAll(async () => {
  await stored.close();
  await listening.close();
  await tablestore.close();
});

const line = (text: string) => ({ at: '2026-01-02T03:04:05.678Z', text });

async function redeemed() {
  const { id } = await queueTestDeployment(stored, await prepareSite(stored));
  const dispatched = await dispatchAttempt(stored, id);
  const run = callback.runOf(dispatched);
  const { token } = (await run.redeem()).data;
  return {
    ...dispatched,
    run,
    token,
    put: (chunk: number | string, text: string) => run.log(token, chunk, line(text)),
    read: async () => (await buildLog.read({ deploymentId: dispatched.shownId }, { limit: 100 })).entries,
  };
}

test('numbered chunks become the log of the deployment and its attempt, in order', async () => {
  const build = await redeemed();
  expect((await build.put(1, '第二\n')).status).toBe(200);
  expect((await build.put(0, 'first\n')).status).toBe(200);
  expect(await build.read()).toMatchObject([
    { attempt: 1, at: '2026-01-02T03:04:05.678Z', text: 'first\n' },
    { attempt: 1, text: '第二\n' },
  ]);
});

test('a repeated chunk keeps its first text', async () => {
  const build = await redeemed();
  await build.put(0, 'first');
  expect((await build.put(0, 'second')).status).toBe(200);
  expect(await build.read()).toMatchObject([{ text: 'first' }]);
});

test('a chunk that fails because the log store does not answer can be sent again', async () => {
  const build = await redeemed();
  faults.inject({ service: 'tablestore', times: 1, fault: { kind: 'lost-response' } });
  expect(await build.put(0, 'a')).toMatchObject({ status: 503, code: 'log_store_unavailable' });
  expect((await build.put(0, 'a')).status).toBe(200);
  expect(await build.read()).toHaveLength(1);
});

test.each<[string, number, number | string, string]>([
  ['a piece of the largest size', 200, 0, 'x'.repeat(LOG_CHUNK_LIMIT_BYTES)],
  ['a piece of one byte more', 422, 0, 'x'.repeat(LOG_CHUNK_LIMIT_BYTES + 1)],
  ['a piece with fewer characters but more bytes', 413, 0, '中'.repeat(LOG_CHUNK_LIMIT_BYTES / 3 + 1)],
  ['more than a megabyte', 413, 0, 'x'.repeat(1024 * 1024)],
  ['the last number', 200, 9_999, 'x'],
  ['a number no build needs', 413, 10_000, 'x'],
  ['a negative number', 404, -1, 'x'],
  ['a number with a zero before it', 404, '01', 'x'],
  ['a word', 404, 'last', 'x'],
])('%s is %i', async (_, status, chunk, text) => {
  expect((await (await redeemed()).put(chunk, text)).status).toBe(status);
});

test('after its end a build may send the rest of its log, but not once its attempt was given up', async () => {
  const build = await redeemed();
  await build.run.report(build.token, { seq: 1, kind: 'failed', code: 'build_failed', message: 'no' });
  expect((await build.put(0, 'the reason')).status).toBe(200);
  await stored.store.attempts.close({ deploymentId: build.deploymentId, attempt: 1 }, 'abandoned');
  expect(await build.put(1, 'late')).toMatchObject({ status: 409, code: 'attempt_closed' });
  expect(await build.read()).toHaveLength(1);
});

test('another attempt, another deployment or another kind of token cannot write', async () => {
  const build = await redeemed();
  const { data } = await build.run.publication(build.token);
  expect((await callback.runOf({ ...build, attempt: 2 }).log(build.token, 0, line('x'))).status).toBe(401);
  expect((await build.run.log(data.token, 0, line('x'))).status).toBe(401);
  expect((await build.run.log(undefined, 0, line('x'))).status).toBe(401);
  expect(await build.read()).toEqual([]);
});

describe('output is kept up to the limit, whatever the runner sends', () => {
  const LARGEST = 'x'.repeat(LOG_CHUNK_LIMIT_BYTES);
  const CHUNKS = LOG_LIMIT_BYTES / LOG_CHUNK_LIMIT_BYTES;

  async function textOf(build: Awaited<ReturnType<typeof redeemed>>): Promise<string> {
    let text = '';
    let after: string | undefined;
    do {
      const page = await buildLog.read({ deploymentId: build.shownId }, { after, limit: 100 });
      text += page.entries.map((entry) => entry.text).join('');
      after = page.nextCursor;
    } while (after !== undefined);
    return text;
  }

  test('output above the limit is cut between two characters, with a note, and then dropped without failing the build', async () => {
    const build = await redeemed();
    for (let chunk = 0; chunk < CHUNKS - 1; chunk++) await build.put(chunk, LARGEST);
    await build.put(CHUNKS - 1, `${'y'.repeat(LOG_CHUNK_LIMIT_BYTES - 4)}`);
    expect((await build.put(CHUNKS, '中国')).status).toBe(200);
    for (const late of [CHUNKS, CHUNKS + 1, CHUNKS + 2]) expect((await build.put(late, 'late')).status).toBe(200);
    const text = await textOf(build);
    expect(text).toMatch(/y中\n\[The log ends here: it is over the limit of 10 MB\.\]\n$/);
    expect(Buffer.byteLength(text)).toBeLessThan(LOG_LIMIT_BYTES + 100);
  });

  test('a log of exactly the limit has no note', async () => {
    const build = await redeemed();
    for (let chunk = 0; chunk < CHUNKS; chunk++) await build.put(chunk, LARGEST);
    expect(await textOf(build)).toBe('x'.repeat(LOG_LIMIT_BYTES));
  });

  test('a chunk that is repeated or was not stored is not counted twice', async () => {
    const build = await redeemed();
    for (let again = 0; again < 3; again++) {
      faults.inject({ service: 'tablestore', times: 1, fault: { kind: 'error', status: 503 } });
      expect((await build.put(0, LARGEST)).status).toBe(503);
    }
    for (let again = 0; again < 3; again++) expect((await build.put(0, LARGEST)).status).toBe(200);
    const [row] = await stored.db.query<{ logBytes: number }>(sql`
      select log_bytes from build_attempts where deployment_id = ${build.deploymentId}`);
    expect(row).toEqual({ logBytes: LOG_CHUNK_LIMIT_BYTES });
  });

  test('concurrent chunks do not get the same space', async () => {
    const build = await redeemed();
    await stored.db.query(sql`update build_attempts set log_bytes = ${LOG_LIMIT_BYTES - 10}`);
    await Promise.all(Array.from({ length: 6 }, (_, chunk) => build.put(chunk, '12345')));
    const texts = (await buildLog.read({ deploymentId: build.shownId }, { limit: 100, ended: true })).entries;
    expect(texts.filter(({ text }) => text === '12345')).toHaveLength(2);
    expect(texts.filter(({ text }) => text.includes('The log ends here'))).toHaveLength(1);
  });
});
