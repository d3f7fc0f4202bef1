import { outbox } from '@miaobu/shared/db/outbox';
import { sql } from '@miaobu/shared/db/sql';
import { publishMessage } from '@miaobu/shared/model/route/publish-message';
import { createLog } from '@miaobu/shared/runtime/logger';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { runDeploy } from './run-deploy.ts';
import { type Duty, type DutyName, dutySeconds } from './run-duties.ts';

const LEASE_SECONDS = 120;

let own: TestStore;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(() => own.empty());
afterAll(() => own.close());

/** A wake-up of `deploy` that takes back leases, and has no time for anything else. */
function wakeUp() {
  const ended = new AbortController();
  ended.abort();
  const names = Object.keys(dutySeconds) as DutyName[];
  return runDeploy({
    outbox: outbox(own.db),
    store: own.store,
    owner: 'test',
    monotonicMs: () => performance.now(),
    sleep: async () => {},
    // The signal has fired: none is called.
    handlers: {} as Parameters<typeof runDeploy>[0]['handlers'],
    duties: Object.fromEntries(names.map((name): [DutyName, Duty] => [name, async () => 0])) as Record<DutyName, Duty>,
  })({ requestId: 'timer', log: createLog({}, () => {}), signal: ended.signal, timeoutSeconds: 60 });
}
/** A worker takes the message and is never heard of again; a wake-up follows so long after its lease ran out. */
async function loseAWorker(lateSeconds = 30) {
  // Beyond any backoff.
  await own.moveClock(600);
  expect(await outbox(own.db).claim('worker', ['route.publish'], 1, LEASE_SECONDS)).toHaveLength(1);
  await own.moveClock(LEASE_SECONDS + lateSeconds);
  await wakeUp();
}
const alarms = () => own.db.query(sql`select subject, details from audit_log where action = 'lease.stuck' order by id`);
const put = () => own.store.enqueue(publishMessage('a.example', 'request'));

test('a lease that ran out once is no reason for an alarm', async () => {
  await put();
  await loseAWorker();
  expect(await alarms()).toEqual([]);
  expect(await own.messages('route.publish')).toMatchObject([{ state: 'pending', attempts: 1 }]);
});

test('a message whose lease runs out twice in a row raises an alarm, once a day', async () => {
  await put();
  for (let n = 0; n < 4; n++) await loseAWorker();
  const details = { message_id: expect.any(String), attempts: 2 };
  expect(await alarms()).toEqual([{ subject: 'route.publish', details }]);
});

test('a failure of another kind in between is counted from anew', async () => {
  await put();
  await loseAWorker();
  await own.moveClock(600);
  const [message] = await outbox(own.db).claim('worker', ['route.publish'], 1, LEASE_SECONDS);
  if (!message) throw new Error('nothing was claimed');
  await outbox(own.db).fail(message, { errorClass: 'transient', message: 'edge_unavailable', retry: true });
  await loseAWorker();
  expect(await alarms()).toEqual([]);
});

test('leases that are noticed minutes late raise an alarm: nothing was done meanwhile', async () => {
  await put();
  await loseAWorker(200);
  expect(await alarms()).toEqual([{ subject: 'outbox', details: { late_seconds: 200, topic: 'route.publish' } }]);
});
