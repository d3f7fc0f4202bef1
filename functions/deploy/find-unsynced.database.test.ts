import { sql } from '@miaobu/shared/db/sql';
import { createLog } from '@miaobu/shared/runtime/logger';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  openTestStore,
  prepareSite,
  queueTestDeployment,
  type Site,
  type TestStore,
} from '../../tests/database/prepare-deployment.ts';
import { findUnsynced } from './find-unsynced.ts';

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

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
const round = () => findUnsynced(stored)(context);
const update = (of: Site, set: ReturnType<typeof sql>) =>
  stored.db.query(sql`update environments set ${set} where id = ${of.environment.id}`);
/** Environments with a pending branch sync, in queue order. */
const asked = async () => {
  const rows = await stored.db.query<{ id: string }>(sql`
    select payload->>'environment_id' as id from outbox where topic = 'branch.sync' and run_at <= db_now() order by id`);
  return rows.map(({ id }) => id);
};

test('every branch is due ten minutes after its last sync, and not before', async () => {
  expect(await round()).toBe(0);
  await stored.moveClock(9 * MINUTE);
  expect(await round()).toBe(0);
  await stored.moveClock(MINUTE);
  expect(await round()).toBe(1);
  expect(await asked()).toEqual([site.environment.id]);
  expect(await round()).toBe(0);
  await stored.moveClock(10 * MINUTE);
  await stored.store.environments.markSynced(site.environment.id);
  expect(await round()).toBe(0);
});

test('a branch without a push or deployment for thirty days is due once a day', async () => {
  await stored.moveClock(30 * DAY + MINUTE);
  expect(await round()).toBe(1);
  await stored.moveClock(DAY - MINUTE);
  expect(await round()).toBe(0);
  await stored.moveClock(MINUTE);
  expect(await round()).toBe(1);

  await queueTestDeployment(stored, site);
  await stored.moveClock(10 * MINUTE);
  expect(await round()).toBe(1);
  await stored.moveClock(29 * DAY);
  await round();
  await stored.moveClock(10 * MINUTE);
  expect(await round()).toBe(1);

  await stored.moveClock(30 * DAY);
  await update(site, sql`head_pushed_at = extract(epoch from db_now())::bigint`);
  await round();
  await stored.moveClock(10 * MINUTE);
  expect(await round()).toBe(1);
});

test('a project that is being deleted, and one whose owner has connected no account, are left alone', async () => {
  await stored.moveClock(10 * MINUTE);
  await stored.db.query(sql`update projects set deleting_at = db_now()`);
  expect(await round()).toBe(0);
  await stored.db.query(sql`update projects set deleting_at = null`);
  await stored.db.query(sql`update users set github_token_sealed = null`);
  expect(await round()).toBe(0);
});

test('one round takes the hundred synced longest ago; the next takes the others', async () => {
  const { id } = site.project;
  await stored.db.query(sql`
    insert into environments (project_id, name, branch, synced_at)
    select ${id}, 'env-' || n, 'branch-' || n, db_now() - make_interval(secs => n) from generate_series(1, 149) n`);
  await stored.moveClock(10 * MINUTE);
  expect(await round()).toBe(100);
  const names = async () =>
    (
      await stored.db.query<{ n: number }>(sql`
        select substr(e.name, 5)::int as n from outbox o join environments e on e.id = (o.payload->>'environment_id')::uuid
         where o.topic = 'branch.sync' and e.name <> 'production' order by n`)
    ).map(({ n }) => n);
  expect(await names()).toEqual(Array.from({ length: 100 }, (_, index) => 50 + index));
  expect(await round()).toBe(50);
  expect(await names()).toHaveLength(149);
  expect(await round()).toBe(0);
});

test('concurrent rounds take different branches', async () => {
  const { id } = site.project;
  await stored.db.query(sql`
    insert into environments (project_id, name, branch) select ${id}, 'env-' || n, 'branch-' || n from generate_series(1, 49) n`);
  await stored.moveClock(10 * MINUTE);
  const found = await Promise.all([round(), round(), round()]);
  expect(found.reduce((sum, n) => sum + n)).toBe(50);
  expect(await asked()).toHaveLength(50);
});
