import { deployTopics } from '@miaobu/shared/contracts/messages';
import { outbox } from '@miaobu/shared/db/outbox';
import { sql } from '@miaobu/shared/db/sql';
import { publishMessage } from '@miaobu/shared/model/route/publish-message';
import { createLog } from '@miaobu/shared/runtime/logger';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { raiseBacklogAlarm } from './raise-backlog-alarm.ts';

let own: TestStore;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(() => own.empty());
afterAll(() => own.close());

const look = () =>
  raiseBacklogAlarm(
    { outbox: outbox(own.db), store: own.store },
    deployTopics,
  )({ requestId: 'timer', log: createLog({}, () => {}) });
const alarms = () => own.db.query(sql`select action, subject, details from audit_log order by id`);
const put = (hostname: string) => own.store.enqueue(publishMessage(hostname, 'request'));

test('work that has been due for two minutes and is not handled raises an alarm, once a day', async () => {
  await put('a.example');
  await own.moveClock(60);
  await put('b.example');
  await look();
  expect(await alarms()).toEqual([]);
  await own.moveClock(100);
  await look();
  await look();
  const details = { messages: 1, oldest_seconds: expect.any(Number), oldest_topic: 'route.publish' };
  expect(await alarms()).toEqual([{ action: 'outbox.behind', subject: 'outbox', details }]);
  const [age] = await own.db.query<{ seconds: number }>(sql`
    select (details->>'oldest_seconds')::int as seconds from audit_log`);
  expect(age?.seconds).toBeGreaterThanOrEqual(160);
  expect(await own.messages('alert.send')).toHaveLength(1);
  await own.moveClock(24 * 60 * 60);
  await look();
  expect(await alarms()).toHaveLength(2);
});

test('work that is not yet due, or waits for its lane, is not a backlog', async () => {
  await put('a.example');
  await outbox(own.db).claim('worker', ['route.publish'], 1, 3600);
  await put('a.example');
  await own.store.enqueue({ ...publishMessage('b.example', 'request'), delaySeconds: 3600 });
  await own.moveClock(600);
  await look();
  expect(await alarms()).toEqual([]);
});
