import { outbox } from '@miaobu/shared/db/outbox';
import { sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { alertMessage } from '@miaobu/shared/model/outbox/alert-message';
import { triesOfTopics } from '@miaobu/shared/model/outbox/tries-of-topics';
import type { Alert, AlertChannel } from '@miaobu/shared/ports/alert-channel';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { workerUnderTest } from '../../tests/database/deploy-under-test.ts';
import { openTestStore, prepareSite, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { sendAlert } from './send-alert.ts';

let own: TestStore;
beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  await prepareSite(own);
});
afterAll(() => own.close());

const DAY_SECONDS = 24 * 60 * 60;
const work = (alertChannel: AlertChannel) =>
  workerUnderTest(own)({ 'alert.send': sendAlert({ store: own.store, alertChannel }) });
const refusing: AlertChannel = { send: () => Promise.reject(new AppError('alert_undeliverable')) };

/** A dead letter of which the operator is to be told. */
async function bury(): Promise<string> {
  const [dead] = await own.db.query<{ id: string }>(sql`
    insert into outbox (topic, lane, dedupe_key, payload, request_id, state, finished_at)
    values ('route.publish', 'a', 'a', '{}', 'request', 'dead', db_now()) returning id`);
  const id = dead?.id ?? '';
  await own.store.enqueue(alertMessage({ id, requestId: 'request' }));
  return id;
}
const alerts = async () => (await own.messages('alert.send')).map(({ state }) => state);

test('an alert arrives after an outage of its receiver of a whole day', async () => {
  const id = await bury();
  const queue = outbox(own.db);
  for (let seconds = 0; seconds < DAY_SECONDS; ) {
    await work(refusing);
    const wait = (await queue.nextDueSeconds(['alert.send'])) ?? DAY_SECONDS;
    await own.moveClock(wait);
    seconds += wait;
  }
  expect(await alerts()).toEqual(['pending']);
  const received: Alert[] = [];
  await work({ send: async (alert) => void received.push(alert) });
  expect(received).toMatchObject([{ kind: 'dead_letter', id, topic: 'route.publish' }]);
  expect(await alerts()).toEqual(['done']);
});

test('an alert that nobody ever receives is dropped, without an alert about itself; its dead letter stays listed', async () => {
  const id = await bury();
  await own.db.query(sql`update outbox set attempts = ${triesOfTopics['alert.send'] - 1} where topic = 'alert.send'`);
  await work(refusing);
  expect(await alerts()).toEqual(['done']);
  expect(await own.store.deadLetters.find(id)).toBeDefined();
});
