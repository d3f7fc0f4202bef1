import { randomUUID } from 'node:crypto';
import { outbox } from '@miaobu/shared/db/outbox';
import { sql } from '@miaobu/shared/db/sql';
import { purgeMessage } from '@miaobu/shared/model/deployment/purge-message';
import { createLog } from '@miaobu/shared/runtime/logger';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { runCleanup } from '../cleanup/run-cleanup.ts';
import { raiseCleanupAlarm } from './raise-cleanup-alarm.ts';

const HOUR = 60 * 60;
const context = { requestId: 'timer', log: createLog({}, () => {}), signal: new AbortController().signal };

let own: TestStore;
beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(() => own.empty());
afterAll(() => own.close());

const look = () => raiseCleanupAlarm({ outbox: outbox(own.db), store: own.store })(context);
const alarms = () => own.db.query(sql`select action, subject from audit_log order by id`);
/** A round of cleanup, which deletes nothing. */
const cleanup = () =>
  runCleanup({
    outbox: outbox(own.db),
    store: own.store,
    owner: 'cleanup',
    monotonicMs: () => 0,
    sleep: async () => {},
    timeLimit: () => new AbortController().signal,
    markPurgeable: async () => 0,
    sweeps: { quick: {}, long: {} },
    handlers: { 'deployment.purge': { work: async () => undefined } },
  })({ ...context, timeoutSeconds: 600 });

test('a cleanup that runs every hour raises no alarm; one that stopped does, once a day', async () => {
  for (let hour = 0; hour < 6; hour++) {
    await cleanup();
    await look();
    await own.moveClock(HOUR);
  }
  expect(await alarms()).toEqual([]);
  await own.moveClock(3 * HOUR);
  await look();
  await look();
  expect(await alarms()).toEqual([{ action: 'cleanup.late', subject: 'cleanup' }]);
  expect(await own.messages('alert.send')).toHaveLength(1);
  await cleanup();
  await own.moveClock(24 * HOUR);
  await cleanup();
  await look();
  expect(await alarms()).toHaveLength(1);
});

test('a cleanup that has never run raises an alarm as well', async () => {
  await look();
  await own.moveClock(2 * HOUR);
  await look();
  expect(await alarms()).toEqual([]);
  await own.moveClock(HOUR + 1);
  await look();
  expect(await alarms()).toEqual([{ action: 'cleanup.late', subject: 'cleanup' }]);
});

test('a cleanup that runs and does not get to its messages raises an alarm', async () => {
  await own.store.enqueue(purgeMessage(randomUUID(), 'request'));
  for (let hour = 0; hour < 4; hour++) {
    await own.store.duties.take('cleanup', 60);
    await look();
    await own.moveClock(HOUR);
  }
  await own.store.duties.take('cleanup', 60);
  await look();
  expect(await alarms()).toEqual([{ action: 'outbox.behind', subject: 'cleanup' }]);
});
