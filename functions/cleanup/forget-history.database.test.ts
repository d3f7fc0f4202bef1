import { sql } from '@miaobu/shared/db/sql';
import { teardownMessage } from '@miaobu/shared/model/project/teardown-message';
import { createLog } from '@miaobu/shared/runtime/logger';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  dispatchAttempt,
  openTestStore,
  prepareSite,
  queueTestDeployment,
  type Site,
  type TestStore,
} from '../../tests/database/prepare-deployment.ts';
import { forgetHistory } from './forget-history.ts';
import { resumeTeardowns } from './resume-teardowns.ts';

const DAY = 24 * 3600;

let stored: TestStore;
let site: Site;

beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  await stored.empty();
  site = await prepareSite(stored);
});
afterAll(() => stored.close());

const context = { requestId: 'timer', log: createLog({}, () => {}), signal: new AbortController().signal };
const forget = () => forgetHistory({ store: stored.store })(context);
const count = async (table: 'outbox' | 'webhook_deliveries' | 'build_reports' | 'route_exposures') => {
  const tables = {
    outbox: sql`select count(*) from outbox`,
    webhook_deliveries: sql`select count(*) from webhook_deliveries`,
    build_reports: sql`select count(*) from build_reports`,
    route_exposures: sql`select count(*) from route_exposures`,
  };
  return (await stored.db.query<{ count: number }>(tables[table]))[0]?.count;
};

test('done and cancelled messages are deleted after a week; pending and dead ones are not', async () => {
  await stored.db.query(sql`
    insert into outbox (topic, lane, dedupe_key, request_id, state, finished_at)
    select 'cache.purge', 'lane', n::text, 'test', (array['done', 'cancelled', 'dead'])[n], db_now()
      from generate_series(1, 3) n
    union all select 'cache.purge', 'lane', 'waiting', 'test', 'pending', null`);
  await stored.moveClock(7 * DAY - 60);
  expect([await forget(), await count('outbox')]).toEqual([0, 4]);
  await stored.moveClock(61);
  expect(await forget()).toBe(2);
  expect((await stored.messages()).map(({ state }) => state).sort()).toEqual(['dead', 'pending']);
});

test('a delivery is recognised for thirty days', async () => {
  const delivery = {
    projectId: site.project.id,
    deliveryGuid: 'guid',
    event: 'push',
    ref: null,
    beforeSha: null,
    afterSha: null,
    pushedAt: null,
    bodySha256: Buffer.alloc(32),
    requestId: 'test',
    outcome: 'ignored' as const,
  };
  const isSeen = async () =>
    (await stored.store.pushes.findStanding(delivery.projectId, delivery.deliveryGuid, delivery.bodySha256))?.isSeen;
  await stored.store.deliveries.insert(delivery);
  await stored.moveClock(30 * DAY - 60);
  await forget();
  expect(await isSeen()).toBe(true);
  await stored.moveClock(61);
  expect([await forget(), await count('webhook_deliveries')]).toEqual([1, 0]);
});

test('a replaced webhook secret is kept as long as it is accepted, and the current one longer', async () => {
  const kept = async () =>
    (
      await stored.db.query(
        sql`select webhook_secret_sealed as now, previous_webhook_secret_sealed as before from projects`,
      )
    )[0];
  const before = site.project.webhookSecretSealed;
  await stored.store.projects.rotateWebhookSecret(site.project.id, 'sealed', DAY);
  await stored.moveClock(DAY - 60);
  expect([await forget(), await kept()]).toEqual([0, { now: 'sealed', before }]);
  await stored.moveClock(DAY + 1);
  expect([await forget(), await kept(), await forget()]).toEqual([1, { now: 'sealed', before: null }, 0]);
});

test('reports are kept until a week after their deployment ended', async () => {
  const [ended, going] = [await queueTestDeployment(stored, site), await queueTestDeployment(stored, site)];
  for (const { id } of [going]) {
    const { attempt } = await dispatchAttempt(stored, id);
    await stored.store.attempts.insertReport(
      { deploymentId: id, attempt },
      { seq: 1, kind: 'building', bodySha256: Buffer.alloc(32), answer: {} },
    );
  }
  await stored.store.attempts.insert({ deploymentId: ended.id, attempt: 1 }, Buffer.alloc(16), 60);
  await stored.store.attempts.insertReport(
    { deploymentId: ended.id, attempt: 1 },
    { seq: 1, kind: 'failed', bodySha256: Buffer.alloc(32), answer: {} },
  );
  expect((await stored.deployment(ended.id)).status).toBe('cancelled');
  await stored.moveClock(7 * DAY - 60);
  await forget();
  expect(await count('build_reports')).toBe(2);
  await stored.moveClock(61);
  await forget();
  expect(await stored.db.query(sql`select deployment_id from build_reports`)).toEqual([{ deploymentId: going.id }]);
});

test('exposures are deleted once they have long protected nothing', async () => {
  const { id } = await queueTestDeployment(stored, site);
  await stored.store.routes.expose(site.hostnames[0] ?? '', id, 1);
  await stored.moveClock(DAY - 60);
  await forget();
  expect(await count('route_exposures')).toBe(1);
  await stored.moveClock(61);
  await forget();
  expect(await count('route_exposures')).toBe(0);
});

test('more rows than fit into one statement are deleted in several', async () => {
  await stored.db.query(sql`
    insert into outbox (topic, lane, dedupe_key, request_id, state, finished_at)
    select 'cache.purge', 'lane', n::text, 'test', 'done', db_now() - interval '8 days' from generate_series(1, 2500) n`);
  expect([await forget(), await count('outbox')]).toEqual([2500, 0]);
});

test('a deletion whose message was given up is requested again', async () => {
  await stored.store.projects.startDeleting(site.project.id);
  await stored.store.enqueue(teardownMessage(site.project.id, 'test'));
  await stored.db.query(sql`update outbox set state = 'dead', finished_at = db_now()`);
  expect(await resumeTeardowns({ store: stored.store })(context)).toBe(1);
  expect((await stored.messages('project.teardown')).map(({ state }) => state)).toEqual(['dead', 'pending']);
});
