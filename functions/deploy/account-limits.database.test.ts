import { sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { closeAttempt } from '@miaobu/shared/model/build/close-attempt';
import { cancelDeployment } from '@miaobu/shared/model/deployment/cancel-deployment';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { workerUnderTest } from '../../tests/database/deploy-under-test.ts';
import {
  openTestStore,
  prepareSite,
  queueTestDeployment,
  type Site,
  type TestStore,
} from '../../tests/database/prepare-deployment.ts';
import { PATIENCE } from '../../tests/patience.ts';
import { startBuild } from './start-build.ts';

let own: TestStore;
let sites: Site[];
let started: string[];

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  // One account with four projects, so that no push supersedes another.
  sites = [];
  for (const slug of ['a', 'b', 'c', 'd']) sites.push(await prepareSite(own, { slug }));
  started = [];
});
afterAll(() => own.close());

/** One round of `deploy`, with a runner that records what it was asked to start. `before` runs first and may fail. */
const work = (before: (deploymentId: string) => Promise<void> = async () => {}) =>
  workerUnderTest(own)({
    'build.start': startBuild({
      store: own.store,
      tokens: own.tokens,
      controlOrigin: 'https://api.example',
      buildRunner: {
        async start({ deploymentId }) {
          await before(deploymentId);
          started.push(deploymentId);
          return { runId: String(started.length) };
        },
        findRun: async () => undefined,
      },
    }),
  });

const limit = (column: 'max_active_builds' | 'max_builds_per_hour', value: number) =>
  column === 'max_active_builds'
    ? own.db.query(sql`update users set max_active_builds = ${value}`)
    : own.db.query(sql`update users set max_builds_per_hour = ${value}`);

/** Queues one deployment in each project; returns their ids, in order. */
async function queueAll(): Promise<string[]> {
  const ids: string[] = [];
  for (const site of sites) ids.push((await queueTestDeployment(own, site)).id);
  return ids;
}
const shown = (ids: readonly string[]) => ids.map((id) => showId('deployment', id));
const positions = async () =>
  Promise.all(
    sites.map(async ({ project }) => {
      const [newest] = await own.store.shownDeployments.list(project.id, { limit: 1, beforeId: undefined });
      return newest?.queuePosition;
    }),
  );
/** Ends a build as a report does, in its own transaction. */
const end = (id: string, site: Site) =>
  own.store.transaction((repositories) =>
    closeAttempt(repositories, { deploymentId: id, attempt: 1 }, site.project, 'finished'),
  );
const fail = async (id: string) => own.db.query(sql`update deployments set status = 'failed' where id = ${id}`);

test('builds above the limit wait in order of arrival, and the next starts as soon as one ends', async () => {
  await limit('max_active_builds', 2);
  const ids = await queueAll();
  await work();
  expect(started.toSorted()).toEqual(shown(ids.slice(0, 2)));

  const [first] = ids;
  const [site] = sites;
  if (!first || !site) throw new Error('nothing was queued');
  await fail(first);
  await end(first, site);
  // No minute passes: the longest waiting one was brought forward.
  await work();
  expect(started.toSorted()).toEqual(shown(ids.slice(0, 3)));
});

test('a later deployment never overtakes a waiting one', async () => {
  await limit('max_active_builds', 1);
  const ids = await queueAll();
  await own.db.query(
    sql`update outbox set run_at = run_at - interval '1 hour' where payload->>'deployment_id' = ${ids[3] ?? ''}`,
  );
  await work();
  expect(started.toSorted()).toEqual(shown(ids.slice(0, 1)));
});

test('a waiting deployment is retried after a minute even if nothing triggers it', async () => {
  await limit('max_active_builds', 1);
  const ids = await queueAll();
  await work();
  await fail(ids[0] ?? '');
  await own.moveClock(61);
  await work();
  expect(started.toSorted()).toEqual(shown(ids.slice(0, 2)));
});

test('builds of the last hour count towards the hourly limit, older ones do not', async () => {
  await limit('max_builds_per_hour', 3);
  const ids = await queueAll();
  await work();
  expect(started.toSorted()).toEqual(shown(ids.slice(0, 3)));
  await own.moveClock(3601);
  await work();
  expect(started.toSorted()).toEqual(shown(ids));
});

test('waiting uses up no attempt of the message, and shows the place in the queue: 1 is next, and what was started has none', async () => {
  await limit('max_active_builds', 1);
  const ids = await queueAll();
  expect(await positions()).toEqual([1, 2, 3, 4]);
  await work();
  await own.moveClock(61);
  await work();
  expect(started).toHaveLength(1);
  expect(await positions()).toEqual([null, 1, 2, 3]);
  const waiting = await own.db.query<{ attempts: number }>(sql`
    select attempts from outbox where topic = 'build.start' and state = 'pending'`);
  expect(waiting.map(({ attempts }) => attempts)).toEqual([0, 0, 0]);
  expect(ids).toHaveLength(4);
});

test('cancelling a running build gives its slot to the next', async () => {
  await limit('max_active_builds', 1);
  const ids = await queueAll();
  await work();
  await own.store.transaction((repositories) =>
    cancelDeployment(repositories, 'api', {
      deploymentId: ids[0] ?? '',
      reason: 'user',
      message: 'no longer wanted',
      requestId: 'request-1',
    }),
  );
  await work();
  expect(started.toSorted()).toEqual(shown(ids.slice(0, 2)));
});

test('a build that cannot be started gives its slot to the next', async () => {
  await limit('max_active_builds', 1);
  const ids = await queueAll();
  const toldToWait = () => own.db.query(sql`select 1 from outbox where run_at > db_now() + interval '50 seconds'`);
  await work(async (deploymentId) => {
    if (deploymentId !== showId('deployment', ids[0] ?? '')) return;
    await vi.waitUntil(async () => (await toldToWait()).length === 3, PATIENCE);
    throw new AppError('vendor_rejected');
  });
  expect((await own.deployment(ids[0] ?? '')).status).toBe('failed');
  // No minute has passed.
  expect(started).toEqual(shown(ids.slice(1, 2)));
});

test('the machine time of an attempt is recorded once, however often it is closed', async () => {
  const [id] = await queueAll();
  const [site] = sites;
  if (!id || !site) throw new Error('nothing was queued');
  await work();
  await own.db.query(sql`update build_attempts set redeemed_at = db_now() where deployment_id = ${id}`);
  await own.moveClock(42);
  await end(id, site);
  await own.moveClock(100);
  await end(id, site);
  const usage = await own.db.query<{ amount: number }>(sql`
    select amount from usage_events where deployment_id = ${id} and kind = 'build_seconds'`);
  expect(usage).toHaveLength(1);
  // The clock went on meanwhile; the second time it would have been a hundred seconds more.
  expect(usage[0]?.amount).toBeGreaterThanOrEqual(42);
  expect(usage[0]?.amount).toBeLessThan(142);
});
