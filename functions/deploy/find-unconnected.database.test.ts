import { sql } from '@miaobu/shared/db/sql';
import { AppError, type ErrorCode } from '@miaobu/shared/kernel/app-error';
import { connectHookMessage } from '@miaobu/shared/model/project/connect-hook-message';
import { connectHostnameMessage } from '@miaobu/shared/model/project/connect-hostname-message';
import { createLog } from '@miaobu/shared/runtime/logger';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { workerUnderTest } from '../../tests/database/deploy-under-test.ts';
import { openTestStore, prepareSite, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { findUnconnected } from './find-unconnected.ts';

const HOUR = 60 * 60;
const HOSTNAME = 'blog.sites.localhost';

let own: TestStore;
beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  const { project } = await prepareSite(own);
  await own.store.enqueue(connectHostnameMessage(project.id, HOSTNAME, 'import'));
  await own.store.enqueue(connectHookMessage(project.id, 'import'));
});
afterAll(() => own.close());

const find = () =>
  findUnconnected(own)({ requestId: 'timer', log: createLog({}, () => {}), signal: new AbortController().signal });
const failing = (code: ErrorCode) => ({ work: () => Promise.reject(new AppError(code)) });
const working = { work: async () => undefined };
const work = (handler: typeof working | ReturnType<typeof failing>) =>
  workerUnderTest(own)({ 'hostname.connect': handler, 'hook.connect': handler });
/** Gives both up, as after an outage of hours. */
async function giveUp(code: ErrorCode) {
  await own.db.query(
    sql`update outbox set attempts = max_attempts - 1, not_before = null, run_at = db_now() where state = 'pending'`,
  );
  await work(failing(code));
}
const statesOf = async (topic: 'hostname.connect' | 'hook.connect') =>
  (await own.messages(topic)).map(({ state }) => state);
const letters = async () =>
  (await own.store.deadLetters.list({ limit: 10, beforeId: undefined, topic: undefined })).length;

test('a connection that an outage of hours killed is requested again an hour later, from the first try', async () => {
  await giveUp('edge_unavailable');
  await own.moveClock(HOUR - 60);
  expect(await find()).toBe(0);
  await own.moveClock(61);
  expect([await find(), await find()]).toEqual([2, 0]);
  expect(await letters()).toBe(0);
  await work(working);
  expect(await own.messages('hostname.connect')).toMatchObject([{ state: 'dead' }, { state: 'done', attempts: 1 }]);
  expect(await statesOf('hook.connect')).toEqual(['dead', 'done']);
});

test('while the outage lasts there is one message and at most one dead letter of each connection', async () => {
  for (let n = 0; n < 3; n++) {
    await giveUp('edge_unavailable');
    expect(await letters()).toBe(2);
    await own.moveClock(HOUR + 1);
    await find();
    expect(await letters()).toBe(0);
  }
  expect((await statesOf('hostname.connect')).filter((state) => state === 'pending')).toHaveLength(1);
});

test('a refused hostname is requested again after a day; a refused hook waits for a person', async () => {
  await giveUp('vendor_rejected');
  await own.moveClock(23 * HOUR);
  expect(await find()).toBe(0);
  await own.moveClock(HOUR + 1);
  expect(await find()).toBe(1);
  expect(await statesOf('hostname.connect')).toEqual(['dead', 'pending']);
  expect(await statesOf('hook.connect')).toEqual(['dead']);
});

test('what a person has discarded is not requested again', async () => {
  await giveUp('edge_unavailable');
  for (const { id } of await own.store.deadLetters.list({ limit: 10, beforeId: undefined, topic: undefined }))
    await own.store.deadLetters.resolve(id, 'discarded', 'the customer left');
  await own.moveClock(48 * HOUR);
  expect(await find()).toBe(0);
});
