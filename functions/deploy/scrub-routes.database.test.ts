import { kvKey, parseRoute, ROUTE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { scrubMessage } from '@miaobu/shared/model/route/scrub-message';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import { describe, expect, test } from 'vitest';
import { eachTestHasASite } from '../../tests/database/each-test-has-a-site.ts';
import { SCRUB_SECONDS, scrubRoutes } from './scrub-routes.ts';

const own = eachTestHasASite();

const page = (text: string) => ({ 'index.html': text });
async function live(text: string): Promise<string> {
  const id = await own.deploy.build(own.site, page(text));
  await own.deploy.work();
  return id;
}
const valueAt = (host: string) => own.cloud.edgeStore.get(ROUTE_NAMESPACE, kvKey(host));
const write = (host: string, value: string) => own.cloud.edgeStore.put(ROUTE_NAMESPACE, kvKey(host), value);
async function changed(change: object): Promise<string> {
  return JSON.stringify({ ...parseRoute((await valueAt(own.hostname)) ?? ''), ...change });
}
/** One round: what the scrub requests is published at once. */
async function scrub(edgeStore: EdgeStore = own.cloud.edgeStore): Promise<void> {
  await own.stored.moveClock(SCRUB_SECONDS);
  await own.stored.store.enqueue(scrubMessage('timer'));
  await own.deploy.workOn({
    ...own.deploy.handlers,
    'route.scrub': scrubRoutes({ store: own.stored.store, edgeStore }),
  });
}
const repairs = () =>
  own.stored.db.query<{ subject: string; details: unknown }>(
    sql`select subject, details from audit_log where action = 'route.repaired' order by id`,
  );
const unverified = async () =>
  (
    await own.stored.db.query<{ hostname: string }>(
      sql`select hostname from routes where verified_at is null order by 1`,
    )
  ).map((route) => route.hostname);
const published = async () => (await own.stored.messages('route.publish')).length;

test('a correct value is left alone', async () => {
  await live('one');
  const [before, messages] = [await valueAt(own.hostname), await published()];
  await scrub();
  expect([await valueAt(own.hostname), await published(), await repairs()]).toEqual([before, messages, []]);
});

test('a value that somebody changed is right again after one scrub, and the audit log has what was there', async () => {
  const first = await live('one');
  const second = await live('two');
  const right = await valueAt(own.hostname);
  await write(
    own.hostname,
    await changed({
      deployment_id: showId('deployment', first),
      oss_path: `projects/${own.site.project.slug}/${showId('deployment', first)}`,
      gen: 1,
    }),
  );
  await scrub();
  expect(await valueAt(own.hostname)).toBe(right);
  expect(await repairs()).toEqual([
    {
      subject: own.hostname,
      details: {
        found: { deployment_id: showId('deployment', first), gen: 1 },
        wanted: { deployment_id: showId('deployment', second), gen: 2 },
      },
    },
  ]);
});

test('a missing or malformed value is written again', async () => {
  await live('one');
  const right = await valueAt(own.hostname);
  await own.cloud.edgeStore.delete(ROUTE_NAMESPACE, kvKey(own.hostname));
  await scrub();
  expect(await valueAt(own.hostname)).toBe(right);
  await write(own.hostname, '<h1>hello</h1>');
  await scrub();
  expect(await valueAt(own.hostname)).toBe(right);
  expect(await repairs()).toMatchObject([{ details: { found: null } }, { details: { found: 'malformed' } }]);
});

test('a deployment wrongly shown at the edge is kept for an hour: a visitor may be looking at it', async () => {
  const first = await live('one');
  await live('two');
  const shown = showId('deployment', first);
  await own.stored.moveClock(24 * 3600);
  await write(
    own.hostname,
    await changed({ deployment_id: shown, oss_path: `projects/${own.site.project.slug}/${shown}` }),
  );
  const isProtected = async () =>
    (await own.stored.db.query<{ id: string }>(sql`select id from protected_deployments`)).some(
      ({ id }) => id === first,
    );
  expect(await isProtected()).toBe(false);
  await scrub();
  expect(await isProtected()).toBe(true);
});

describe('a generation unknown to the database', () => {
  test('is surpassed: after a failover that lost commits no lower one is written', async () => {
    const second = `too-${own.hostname}`;
    await own.stored.store.routes.insert({
      hostname: second,
      projectId: own.site.project.id,
      environmentId: own.site.environment.id,
    });
    const id = await live('one');
    await write(own.hostname, await changed({ gen: 7 }));
    await scrub();
    expect((await own.stored.environment(own.site.environment.id)).generation).toBe(8);
    for (const host of [own.hostname, second]) {
      expect(await own.deploy.routeOf(host)).toMatchObject({ gen: 8, deployment_id: showId('deployment', id) });
    }
    expect(await repairs()).toMatchObject([{ subject: own.hostname, details: { found: { gen: 7 } } }]);
    await scrub();
    expect(await repairs()).toHaveLength(1);
  });

  test('is only overwritten when no loss can explain it', async () => {
    await live('one');
    await write(own.hostname, await changed({ gen: Number.MAX_SAFE_INTEGER }));
    await scrub();
    expect(await own.deploy.routeOf(own.hostname)).toMatchObject({ gen: 1 });
    expect((await own.stored.environment(own.site.environment.id)).generation).toBe(1);
  });
});

test('a hostname with nothing to show is removed from the edge', async () => {
  await live('one');
  const value = (await valueAt(own.hostname)) ?? '';
  const empty = `empty-${own.hostname}`;
  const other = await own.stored.store.environments.insert({
    projectId: own.site.project.id,
    name: 'staging',
    branch: 'next',
  });
  await own.stored.store.routes.insert({ hostname: empty, projectId: own.site.project.id, environmentId: other.id });
  await write(empty, value);
  await scrub();
  expect([await valueAt(empty), await valueAt(own.hostname)]).toEqual([undefined, value]);
  expect(await repairs()).toMatchObject([{ subject: empty, details: { wanted: null } }]);
});

test('a route that is published before or during its check is not a difference', async () => {
  const first = await live('one');
  await own.deploy.build(own.site, page('two'));
  // Switched, but not published yet.
  await own.deploy.workOn({ 'deployment.activate': own.deploy.handlers['deployment.activate'] });
  await own.stored.moveClock(SCRUB_SECONDS);
  await own.stored.store.enqueue(scrubMessage('timer'));
  const scrubbing = scrubRoutes({ store: own.stored.store, edgeStore: own.cloud.edgeStore });
  await own.deploy.workOn({ 'route.scrub': scrubbing });
  expect(await own.deploy.shownAt(own.hostname, [first])).toBe(first);
  expect(await repairs()).toEqual([]);
  expect(await unverified()).toEqual([own.hostname]);

  await own.deploy.work();
  await own.stored.moveClock(SCRUB_SECONDS);
  // Between the scrub's two reads, the same value is published once more.
  await scrub({
    ...own.cloud.edgeStore,
    get: async (namespace, key) => {
      await own.stored.store.routes.takeOver(own.hostname, 1_000_000);
      await own.cloud.edgeStore.get(namespace, key);
      return 'from before';
    },
  });
  expect(await repairs()).toEqual([]);
});

test('a publication that was given up is requested again', async () => {
  const id = await own.deploy.build(own.site, page('one'));
  await own.deploy.workOn({ 'deployment.activate': own.deploy.handlers['deployment.activate'] });
  await own.stored.db.query(
    sql`update outbox set state = 'dead', finished_at = db_now() where topic = 'route.publish'`,
  );
  await scrub();
  expect(await own.deploy.shownAt(own.hostname, [id])).toBe(id);
  expect((await own.stored.deployment(id)).status).toBe('deployed');
});

test('every route has its turn, those verified longest ago first, in bounded batches', async () => {
  for (let n = 0; n < 120; n++) {
    await own.stored.store.routes.insert({
      hostname: `more-${n}.sites.localhost`,
      projectId: own.site.project.id,
      environmentId: own.site.environment.id,
    });
  }
  const read: string[] = [];
  const counting: EdgeStore = {
    ...own.cloud.edgeStore,
    get: async (_, key) => {
      read.push(key);
      return undefined;
    },
  };
  await own.stored.store.routes.markVerified([own.hostname]);
  await scrub(counting);
  expect([read.length, new Set(read).size]).toEqual([121, 121]);
  expect(read.indexOf(own.hostname)).toBeGreaterThanOrEqual(100);
  expect((await own.stored.messages('route.scrub')).length).toBe(2);
  // Verified a moment ago: nothing is due.
  await own.stored.store.enqueue(scrubMessage('timer'));
  await own.deploy.workOn({ 'route.scrub': scrubRoutes({ store: own.stored.store, edgeStore: counting }) });
  expect(read.length).toBe(121);
});

test('a round that started late does not make a route miss the next one', async () => {
  await live('one');
  await scrub();
  // The last route of a round is compared a minute after the round started.
  await own.stored.moveClock(60);
  await own.stored.store.routes.markVerified([own.hostname]);
  await own.stored.moveClock(-60);
  await own.cloud.edgeStore.delete(ROUTE_NAMESPACE, kvKey(own.hostname));
  await scrub();
  expect(await own.deploy.routeOf(own.hostname)).toBeDefined();
});

test('while one read in ten fails, changed values are still repaired, and unread ones come first next time', async () => {
  const more = Array.from({ length: 24 }, (_, n) => `shaky-${n}-${own.hostname}`);
  for (const each of more) {
    const { project, environment } = own.site;
    await own.stored.store.routes.insert({ hostname: each, projectId: project.id, environmentId: environment.id });
  }
  await live('one');
  const right = await valueAt(own.hostname);
  await write(own.hostname, '<h1>hello</h1>');
  let reads = 0;
  const failed: string[] = [];
  await scrub({
    ...own.cloud.edgeStore,
    get: async (namespace, key) => {
      reads += 1;
      if (reads % 10 !== 0 || key === kvKey(own.hostname)) return own.cloud.edgeStore.get(namespace, key);
      failed.push(key);
      throw new AppError('edge_unavailable');
    },
  });
  expect(await valueAt(own.hostname)).toBe(right);
  expect(failed.length).toBeGreaterThan(0);
  expect((await unverified()).map(kvKey)).toEqual(failed.toSorted());
});

test('while Edge KV is unavailable nothing is concluded and no alert is sent: the next round follows', async () => {
  await live('one');
  const verifiedAt = () => own.stored.db.query(sql`select verified_at from routes`);
  const before = await verifiedAt();
  own.cloud.faults.inject({ service: 'esa', fault: { kind: 'error', status: 503 } });
  await scrub();
  expect([await repairs(), await verifiedAt()]).toEqual([[], before]);
  expect(await own.stored.store.deadLetters.list({ limit: 10, beforeId: undefined, topic: undefined })).toEqual([]);
});
