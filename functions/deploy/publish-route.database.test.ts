import { outbox } from '@miaobu/shared/db/outbox';
import { sql } from '@miaobu/shared/db/sql';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import { beforeEach, describe, expect, test } from 'vitest';
import { eachTestHasASite } from '../../tests/database/each-test-has-a-site.ts';
import { prepareSite } from '../../tests/database/prepare-deployment.ts';
import { publishRoute } from './publish-route.ts';

const own = eachTestHasASite({ hostnames: 2 });

let first: string;
let second: string;
beforeEach(() => {
  [first = '', second = ''] = own.site.hostnames;
});

const page = (text: string) => ({ 'index.html': text });
const statusOf = async (id: string) => (await own.stored.deployment(id)).status;
const routeRow = async (hostname: string) => {
  const row = await own.stored.store.routes.find(hostname);
  if (!row) throw new Error('no such route');
  return row;
};
/** A deployment that was activated and is not shown anywhere yet. */
async function activated(text: string, of = own.site): Promise<string> {
  const id = await own.deploy.build(of, page(text));
  await own.deploy.workOn({ 'deployment.activate': own.deploy.handlers['deployment.activate'] });
  return id;
}
/**
 * Publishes with an Edge KV in which something happens at a given moment: the real one, wrapped, because no injected fault can change the
 * database between two calls.
 */
const publishThrough = (wrapped: Partial<EdgeStore>, owner = 'worker') =>
  own.deploy.workOn(
    {
      'route.publish': publishRoute({ store: own.stored.store, edgeStore: { ...own.cloud.edgeStore, ...wrapped } }),
      'deployment.activate': own.deploy.handlers['deployment.activate'],
    },
    { owner },
  );
const exposures = () =>
  own.stored.db.query<{ hostname: string; deploymentId: string }>(
    sql`select hostname, deployment_id from route_exposures order by hostname, deployment_id`,
  );

test('the last hostname to confirm makes the deployment deployed and published', async () => {
  const id = await activated('one');
  const refusing = publishRoute({
    store: own.stored.store,
    edgeStore: {
      ...own.cloud.edgeStore,
      put: async (namespace, key, value) => {
        if (key === first) await own.cloud.edgeStore.put(namespace, key, value);
      },
    },
  });
  // One of the two hostnames accepts writes, the other does not.
  await own.deploy.workOn({ 'route.publish': refusing });
  expect(await own.deploy.shownAt(first, [id])).toBe(id);
  expect(await own.stored.deployment(id)).toMatchObject({ status: 'deploying', publishedAt: null });
  await own.stored.db.query(
    sql`update outbox set state = 'pending', attempts = 0, run_at = db_now() where topic = 'route.publish' and state <> 'done'`,
  );
  await own.deploy.work();
  expect(await own.stored.deployment(id)).toMatchObject({ status: 'deployed', publishedAt: expect.any(Date) });
  expect(await own.deploy.shownAt(second, [id])).toBe(id);
  for (const hostname of [first, second]) {
    expect(await routeRow(hostname)).toMatchObject({
      publishedDeploymentId: id,
      publishedGeneration: 1,
      publishedVersion: (await routeRow(hostname)).desiredVersion,
    });
  }
});

test('the exposure of a deployment is committed before it can be visible', async () => {
  const id = await activated('one');
  const seen: unknown[] = [];
  await publishThrough({
    async put(namespace, key, value) {
      seen.push((await exposures()).filter(({ hostname }) => hostname === key));
      expect(await own.stored.db.query(sql`select id from protected_deployments`)).toContainEqual({ id });
      await own.cloud.edgeStore.put(namespace, key, value);
    },
  });
  expect(seen).toHaveLength(2);
  expect(seen).toEqual(expect.arrayContaining([first, second].map((hostname) => [{ hostname, deploymentId: id }])));
});

test('a replaced deployment stays protected for another hour, because some edge nodes still show it', async () => {
  const old = await own.deploy.build(own.site, page('old'));
  await own.deploy.work();
  await own.stored.moveClock(48 * 60 * 60);
  const shown = await own.deploy.build(own.site, page('new'));
  await own.deploy.work();
  expect(await own.deploy.shownAt(first, [old, shown])).toBe(shown);
  const isProtected = async () =>
    (await own.stored.db.query(sql`select 1 from protected_deployments where id = ${old}`)).length > 0;
  expect(await isProtected()).toBe(true);
  await own.stored.moveClock(60 * 60 + 1);
  expect(await isProtected()).toBe(false);
});

test('a value that cannot be read back as written is written again', async () => {
  const id = await activated('one');
  let stale = 3;
  await publishThrough({
    async get(namespace, key) {
      stale -= 1;
      return stale >= 0 ? '{"v":1,"old":true}' : own.cloud.edgeStore.get(namespace, key);
    },
  });
  expect(await statusOf(id)).toBe('deployed');
  const attempts = (await own.stored.messages('route.publish')).map((message) => message.attempts);
  expect(attempts.reduce((sum, n) => sum + n)).toBe(5);
});

test('a write whose answer was lost converges', async () => {
  const id = await activated('one');
  own.cloud.faults.inject({ service: 'esa', action: 'PutKv', times: 2, fault: { kind: 'lost-response' } });
  await own.deploy.work();
  expect(await statusOf(id)).toBe('deployed');
  expect([await own.deploy.shownAt(first, [id]), await own.deploy.shownAt(second, [id])]).toEqual([id, id]);
});

test('publishing again changes nothing visible at the edge', async () => {
  const id = await activated('one');
  await own.deploy.work();
  const before = [await own.deploy.routeOf(first), await own.stored.deployment(id)];
  await own.stored.db.query(sql`update outbox set state = 'pending' where topic = 'route.publish'`);
  await own.deploy.work();
  expect([await own.deploy.routeOf(first), await own.stored.deployment(id)]).toEqual(before);
});

test('a hostname of an environment that shows nothing is left alone', async () => {
  await own.stored.store.enqueue({
    topic: 'route.publish',
    lane: `route:${first}`,
    dedupeKey: first,
    payload: { hostname: first },
    requestId: 'test',
  });
  await own.deploy.work();
  expect(await own.stored.messages('route.publish')).toMatchObject([{ state: 'done' }]);
  expect(await own.deploy.routeOf(first)).toBeUndefined();
  expect(await exposures()).toEqual([]);
});

describe('a switch during the publication of the previous one', () => {
  test('is what is shown in the end, and the previous one is never called published', async () => {
    const older = await activated('older');
    let switched: Promise<string> | undefined;
    await publishThrough({
      async put(namespace, key, value) {
        switched ??= activated('newer');
        await switched;
        await own.cloud.edgeStore.put(namespace, key, value);
      },
    });
    const newer = (await switched) ?? 'nothing was published';
    expect([await own.deploy.shownAt(first, [older, newer]), await own.deploy.shownAt(second, [older, newer])]).toEqual(
      [newer, newer],
    );
    expect(await own.stored.deployment(older)).toMatchObject({
      status: 'deployed',
      reason: 'superseded',
      publishedAt: null,
    });
    expect(await own.stored.deployment(newer)).toMatchObject({ status: 'deployed', reason: null });
    expect((await own.deploy.routeOf(first))?.gen).toBe(2);
  });

  test('leaves both protected from cleanup: either may still be visible somewhere', async () => {
    const older = await activated('older');
    await own.deploy.work();
    const newer = await activated('newer');
    await own.deploy.work();
    const safe = await own.stored.db.query<{ id: string }>(sql`select id from protected_deployments`);
    expect(safe.map(({ id }) => id)).toEqual(expect.arrayContaining([older, newer]));
  });
});

test('a worker that stalled past its lease acknowledges nothing', async () => {
  const slug = `solo-${own.site.project.slug}`;
  const hostname = `${slug}.sites.localhost`;
  const solo = await prepareSite(own.stored, { slug, hostnames: [hostname] });
  const older = await activated('older', solo);
  let newer = 'nothing was published';
  let before: unknown;
  let late: string | undefined;
  await publishThrough(
    {
      async put(_, __, value) {
        late = value;
        newer = await activated('newer', solo);
        // The lease expires; another worker takes over and publishes what is now current.
        await own.stored.moveClock(121);
        await outbox(own.stored.db).reap();
        await own.stored.moveClock(10);
        await own.deploy.work();
        before = await routeRow(hostname);
      },
      // Its write lands late, so it reads back what it wrote.
      get: async () => late,
    },
    'stalled',
  );
  expect(await statusOf(newer)).toBe('deployed');
  expect(before).toMatchObject({ publishedDeploymentId: newer, publishedGeneration: 2 });
  expect(await routeRow(hostname)).toEqual(before);
  expect((await own.stored.deployment(older)).publishedAt).toBeNull();
});

test('a permanent refusal is a dead letter; the current deployment stays, and so does what the site shows', async () => {
  const shown = await activated('one');
  await own.deploy.work();
  const id = await activated('two');
  own.cloud.faults.inject({ service: 'esa', action: 'PutKv', fault: { kind: 'error', status: 400 } });
  await own.deploy.work();
  expect((await own.stored.messages('route.publish')).filter(({ state }) => state === 'dead')).toHaveLength(2);
  expect(await own.deploy.shownAt(first, [shown, id])).toBe(shown);
  expect((await own.stored.environment(own.site.environment.id)).currentDeploymentId).toBe(id);
  expect(await statusOf(id)).toBe('deploying');
});

test('a failing cache purge does not prevent a deployment', async () => {
  const id = await activated('one');
  own.cloud.faults.inject({ service: 'esa', action: 'PurgeCaches', fault: { kind: 'error', status: 400 } });
  await own.deploy.work();
  expect(await statusOf(id)).toBe('deployed');
  expect(await own.stored.messages('cache.purge')).toMatchObject([{ state: 'done' }, { state: 'done' }]);
  expect((await own.stored.messages()).filter(({ topic }) => topic === 'alert.send')).toEqual([]);
});
