import { outbox } from '@miaobu/shared/db/outbox';
import { sql } from '@miaobu/shared/db/sql';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CloudUnderTest, startCloudUnderTest } from '../../tests/database/cloud-under-test.ts';
import { type DeployUnderTest, deployUnderTest } from '../../tests/database/deploy-under-test.ts';
import { openTestStore, prepareSite, type Site, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { publishRoute } from './publish-route.ts';

let stored: TestStore;
let cloud: CloudUnderTest;
let deploy: DeployUnderTest;
let site: Site;
let first: string;
let second: string;
let sites = 0;

beforeAll(async () => {
  stored = await openTestStore();
  cloud = await startCloudUnderTest();
  deploy = deployUnderTest(stored, cloud);
});
beforeEach(async () => {
  await stored.empty();
  sites += 1;
  first = `site-${sites}.sites.localhost`;
  second = `site-${sites}-too.sites.localhost`;
  site = await prepareSite(stored, { slug: `site-${sites}`, hostnames: [first, second] });
});
afterEach(() => cloud.faults.clear());
afterAll(async () => {
  await cloud.close();
  await stored.close();
});

const page = (text: string) => ({ 'index.html': text });
const statusOf = async (id: string) => (await stored.deployment(id)).status;
const routeRow = async (hostname: string) => {
  const row = await stored.store.routes.find(hostname);
  if (!row) throw new Error('no such route');
  return row;
};
/** A deployment that was switched to and is shown nowhere yet. */
async function activated(text: string, of = site): Promise<string> {
  const id = await deploy.build(of, page(text));
  await deploy.workOn({ 'deployment.activate': deploy.handlers['deployment.activate'] });
  return id;
}
/**
 * Publishes with an Edge KV in which something happens at a given moment: the real one, wrapped, because no injected
 * fault can act on the database between two calls.
 */
const publishThrough = (wrapped: Partial<EdgeStore>, owner = 'worker') =>
  deploy.workOn(
    {
      'route.publish': publishRoute({ store: stored.store, edgeStore: { ...cloud.edgeStore, ...wrapped } }),
      'deployment.activate': deploy.handlers['deployment.activate'],
    },
    { owner },
  );
const exposures = () =>
  stored.db.query<{ hostname: string; deploymentId: string }>(
    sql`select hostname, deployment_id from route_exposures order by hostname, deployment_id`,
  );

test('the last hostname to confirm makes the deployment deployed and published', async () => {
  const id = await activated('one');
  const refusing = publishRoute({
    store: stored.store,
    edgeStore: {
      ...cloud.edgeStore,
      put: async (namespace, key, value) => {
        if (key === first) await cloud.edgeStore.put(namespace, key, value);
      },
    },
  });
  // One of the two hostnames takes what is written, the other does not.
  await deploy.workOn({ 'route.publish': refusing });
  expect(await deploy.shownAt(first, [id])).toBe(id);
  expect(await stored.deployment(id)).toMatchObject({ status: 'deploying', publishedAt: null });
  await stored.db.query(
    sql`update outbox set state = 'pending', attempts = 0, run_at = db_now() where topic = 'route.publish' and state <> 'done'`,
  );
  await deploy.work();
  expect(await stored.deployment(id)).toMatchObject({ status: 'deployed', publishedAt: expect.any(Date) });
  expect(await deploy.shownAt(second, [id])).toBe(id);
  for (const hostname of [first, second]) {
    expect(await routeRow(hostname)).toMatchObject({
      publishedDeploymentId: id,
      publishedGeneration: 1,
      publishedVersion: (await routeRow(hostname)).desiredVersion,
    });
  }
});

test('that a deployment may be visible is committed before it can be', async () => {
  const id = await activated('one');
  const seen: unknown[] = [];
  await publishThrough({
    async put(namespace, key, value) {
      seen.push((await exposures()).filter(({ hostname }) => hostname === key));
      expect(await stored.db.query(sql`select id from protected_deployments`)).toContainEqual({ id });
      await cloud.edgeStore.put(namespace, key, value);
    },
  });
  expect(seen).toHaveLength(2);
  expect(seen).toEqual(expect.arrayContaining([first, second].map((hostname) => [{ hostname, deploymentId: id }])));
});

test('what is replaced stays protected for another hour, because some places of the edge still show it', async () => {
  const old = await deploy.build(site, page('old'));
  await deploy.work();
  await stored.moveClock(48 * 60 * 60);
  const shown = await deploy.build(site, page('new'));
  await deploy.work();
  expect(await deploy.shownAt(first, [old, shown])).toBe(shown);
  const isProtected = async () =>
    (await stored.db.query(sql`select 1 from protected_deployments where id = ${old}`)).length > 0;
  expect(await isProtected()).toBe(true);
  await stored.moveClock(60 * 60 + 1);
  expect(await isProtected()).toBe(false);
});

test('what cannot be read back as it was written is written again', async () => {
  const id = await activated('one');
  let stale = 3;
  await publishThrough({
    async get(namespace, key) {
      stale -= 1;
      return stale >= 0 ? '{"v":1,"old":true}' : cloud.edgeStore.get(namespace, key);
    },
  });
  expect(await statusOf(id)).toBe('deployed');
  const attempts = (await stored.messages('route.publish')).map((message) => message.attempts);
  expect(attempts.reduce((sum, n) => sum + n)).toBe(5);
});

test('a write whose answer was lost converges', async () => {
  const id = await activated('one');
  cloud.faults.inject({ service: 'esa', action: 'PutKv', times: 2, fault: { kind: 'lost-response' } });
  await deploy.work();
  expect(await statusOf(id)).toBe('deployed');
  expect([await deploy.shownAt(first, [id]), await deploy.shownAt(second, [id])]).toEqual([id, id]);
});

test('publishing what is published again changes nothing the edge could see', async () => {
  const id = await activated('one');
  await deploy.work();
  const before = [await deploy.routeOf(first), await stored.deployment(id)];
  await stored.db.query(sql`update outbox set state = 'pending' where topic = 'route.publish'`);
  await deploy.work();
  expect([await deploy.routeOf(first), await stored.deployment(id)]).toEqual(before);
});

test('a hostname of an environment that shows nothing is left alone', async () => {
  await stored.store.enqueue({
    topic: 'route.publish',
    lane: `route:${first}`,
    dedupeKey: first,
    payload: { hostname: first },
    requestId: 'test',
  });
  await deploy.work();
  expect(await stored.messages('route.publish')).toMatchObject([{ state: 'done' }]);
  expect(await deploy.routeOf(first)).toBeUndefined();
  expect(await exposures()).toEqual([]);
});

describe('a switch that comes while the one before is being published', () => {
  test('is what is shown in the end, and the one before is never called published', async () => {
    const older = await activated('older');
    let switched: Promise<string> | undefined;
    await publishThrough({
      async put(namespace, key, value) {
        switched ??= activated('newer');
        await switched;
        await cloud.edgeStore.put(namespace, key, value);
      },
    });
    const newer = (await switched) ?? 'nothing was published';
    expect([await deploy.shownAt(first, [older, newer]), await deploy.shownAt(second, [older, newer])]).toEqual([
      newer,
      newer,
    ]);
    expect(await stored.deployment(older)).toMatchObject({
      status: 'deployed',
      reason: 'superseded',
      publishedAt: null,
    });
    expect(await stored.deployment(newer)).toMatchObject({ status: 'deployed', reason: null });
    expect((await deploy.routeOf(first))?.gen).toBe(2);
  });

  test('leaves both protected from cleanup: either may still be visible somewhere', async () => {
    const older = await activated('older');
    await deploy.work();
    const newer = await activated('newer');
    await deploy.work();
    const safe = await stored.db.query<{ id: string }>(sql`select id from protected_deployments`);
    expect(safe.map(({ id }) => id)).toEqual(expect.arrayContaining([older, newer]));
  });
});

test('a worker that stalled past its lease acknowledges nothing', async () => {
  const [hostname, slug] = [`solo-${sites}.sites.localhost`, `solo-${sites}`];
  const solo = await prepareSite(stored, { slug, hostnames: [hostname] });
  const older = await activated('older', solo);
  let newer = 'nothing was published';
  let before: unknown;
  let late: string | undefined;
  await publishThrough(
    {
      async put(_, __, value) {
        late = value;
        newer = await activated('newer', solo);
        // The lease ends; another worker takes over and publishes what is current by now.
        await stored.moveClock(121);
        await outbox(stored.db).reap();
        await stored.moveClock(10);
        await deploy.work();
        before = await routeRow(hostname);
      },
      // Its write lands late, and so it reads back what it wrote.
      get: async () => late,
    },
    'stalled',
  );
  expect(await statusOf(newer)).toBe('deployed');
  expect(before).toMatchObject({ publishedDeploymentId: newer, publishedGeneration: 2 });
  expect(await routeRow(hostname)).toEqual(before);
  expect((await stored.deployment(older)).publishedAt).toBeNull();
});

test('a permanent refusal is a dead letter; the pointer stays, and the site shows what it showed', async () => {
  const shown = await activated('one');
  await deploy.work();
  const id = await activated('two');
  cloud.faults.inject({ service: 'esa', action: 'PutKv', fault: { kind: 'error', status: 400 } });
  await deploy.work();
  expect((await stored.messages('route.publish')).filter(({ state }) => state === 'dead')).toHaveLength(2);
  expect(await deploy.shownAt(first, [shown, id])).toBe(shown);
  expect((await stored.environment(site.environment.id)).currentDeploymentId).toBe(id);
  expect(await statusOf(id)).toBe('deploying');
});

test('that the edge cannot be asked to forget its cache keeps nothing from being deployed', async () => {
  const id = await activated('one');
  cloud.faults.inject({ service: 'esa', action: 'PurgeCaches', fault: { kind: 'error', status: 400 } });
  await deploy.work();
  expect(await statusOf(id)).toBe('deployed');
  expect(await stored.messages('cache.purge')).toMatchObject([{ state: 'done' }, { state: 'done' }]);
  expect((await stored.messages()).filter(({ topic }) => topic === 'alert.send')).toEqual([]);
});
