import { kvKey, parseRoute, ROUTE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { scrubMessage } from '@miaobu/shared/model/route/scrub-message';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CloudUnderTest, startCloudUnderTest } from '../../tests/database/cloud-under-test.ts';
import { type DeployUnderTest, deployUnderTest } from '../../tests/database/deploy-under-test.ts';
import { openTestStore, prepareSite, type Site, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { SCRUB_SECONDS, scrubRoutes } from './scrub-routes.ts';

let stored: TestStore;
let cloud: CloudUnderTest;
let deploy: DeployUnderTest;
let site: Site;
let hostname: string;
let sites = 0;

beforeAll(async () => {
  stored = await openTestStore();
  cloud = await startCloudUnderTest();
  deploy = deployUnderTest(stored, cloud);
});
beforeEach(async () => {
  await stored.empty();
  sites += 1;
  hostname = `site-${sites}.sites.localhost`;
  site = await prepareSite(stored, { slug: `site-${sites}`, hostnames: [hostname] });
});
afterEach(() => cloud.faults.clear());
afterAll(async () => {
  await cloud.close();
  await stored.close();
});

const page = (text: string) => ({ 'index.html': text });
async function live(text: string): Promise<string> {
  const id = await deploy.build(site, page(text));
  await deploy.work();
  return id;
}
const valueAt = (host: string) => cloud.edgeStore.get(ROUTE_NAMESPACE, kvKey(host));
const write = (host: string, value: string) => cloud.edgeStore.put(ROUTE_NAMESPACE, kvKey(host), value);
async function changed(change: object): Promise<string> {
  return JSON.stringify({ ...parseRoute((await valueAt(hostname)) ?? ''), ...change });
}
/** One round: what the scrub asks for is published at once. */
async function scrub(edgeStore: EdgeStore = cloud.edgeStore): Promise<void> {
  await stored.moveClock(SCRUB_SECONDS);
  await stored.store.enqueue(scrubMessage('timer'));
  await deploy.workOn({ ...deploy.handlers, 'route.scrub': scrubRoutes({ store: stored.store, edgeStore }) });
}
const repairs = () =>
  stored.db.query<{ subject: string; details: unknown }>(
    sql`select subject, details from audit_log where action = 'route.repaired' order by id`,
  );
const unverified = async () =>
  (
    await stored.db.query<{ hostname: string }>(sql`select hostname from routes where verified_at is null order by 1`)
  ).map((route) => route.hostname);
const published = async () => (await stored.messages('route.publish')).length;

test('a value that is as it should be is left alone', async () => {
  await live('one');
  const [before, messages] = [await valueAt(hostname), await published()];
  await scrub();
  expect([await valueAt(hostname), await published(), await repairs()]).toEqual([before, messages, []]);
});

test('a value that somebody changed is right again after one scrub, and the audit log says what was there', async () => {
  const first = await live('one');
  const second = await live('two');
  const right = await valueAt(hostname);
  await write(
    hostname,
    await changed({
      deployment_id: showId('deployment', first),
      oss_path: `projects/${site.project.slug}/${showId('deployment', first)}`,
      gen: 1,
    }),
  );
  await scrub();
  expect(await valueAt(hostname)).toBe(right);
  expect(await repairs()).toEqual([
    {
      subject: hostname,
      details: {
        found: { deployment_id: showId('deployment', first), gen: 1 },
        wanted: { deployment_id: showId('deployment', second), gen: 2 },
      },
    },
  ]);
});

test('a value that is missing, or no route at all, is written again', async () => {
  await live('one');
  const right = await valueAt(hostname);
  await cloud.edgeStore.delete(ROUTE_NAMESPACE, kvKey(hostname));
  await scrub();
  expect(await valueAt(hostname)).toBe(right);
  await write(hostname, '<h1>hello</h1>');
  await scrub();
  expect(await valueAt(hostname)).toBe(right);
  expect(await repairs()).toMatchObject([{ details: { found: null } }, { details: { found: 'malformed' } }]);
});

test('what was seen at the edge by mistake stays for an hour: a visitor may be looking at it', async () => {
  const first = await live('one');
  await live('two');
  const shown = showId('deployment', first);
  await stored.moveClock(24 * 3600);
  await write(hostname, await changed({ deployment_id: shown, oss_path: `projects/${site.project.slug}/${shown}` }));
  const isProtected = async () =>
    (await stored.db.query<{ id: string }>(sql`select id from protected_deployments`)).some(({ id }) => id === first);
  expect(await isProtected()).toBe(false);
  await scrub();
  expect(await isProtected()).toBe(true);
});

describe('a generation that the database has never heard of', () => {
  test('is overtaken: after a failover that lost commits no lower one is written', async () => {
    const second = `too-${hostname}`;
    await stored.store.routes.insert({
      hostname: second,
      projectId: site.project.id,
      environmentId: site.environment.id,
    });
    const id = await live('one');
    await write(hostname, await changed({ gen: 7 }));
    await scrub();
    expect((await stored.environment(site.environment.id)).generation).toBe(8);
    for (const host of [hostname, second]) {
      expect(await deploy.routeOf(host)).toMatchObject({ gen: 8, deployment_id: showId('deployment', id) });
    }
    expect(await repairs()).toMatchObject([{ subject: hostname, details: { found: { gen: 7 } } }]);
    await scrub();
    expect(await repairs()).toHaveLength(1);
  });

  test('is only overwritten when no loss can explain it', async () => {
    await live('one');
    await write(hostname, await changed({ gen: Number.MAX_SAFE_INTEGER }));
    await scrub();
    expect(await deploy.routeOf(hostname)).toMatchObject({ gen: 1 });
    expect((await stored.environment(site.environment.id)).generation).toBe(1);
  });
});

test('a hostname with nothing to show is taken from the edge', async () => {
  await live('one');
  const value = (await valueAt(hostname)) ?? '';
  const empty = `empty-${hostname}`;
  const other = await stored.store.environments.insert({ projectId: site.project.id, name: 'staging', branch: 'next' });
  await stored.store.routes.insert({ hostname: empty, projectId: site.project.id, environmentId: other.id });
  await write(empty, value);
  await scrub();
  expect([await valueAt(empty), await valueAt(hostname)]).toEqual([undefined, value]);
  expect(await repairs()).toMatchObject([{ subject: empty, details: { wanted: null } }]);
});

test('a route that is being published, or was while it was looked at, is no difference', async () => {
  const first = await live('one');
  await deploy.build(site, page('two'));
  // Switched, and not published yet.
  await deploy.workOn({ 'deployment.activate': deploy.handlers['deployment.activate'] });
  await stored.moveClock(SCRUB_SECONDS);
  await stored.store.enqueue(scrubMessage('timer'));
  const scrubbing = scrubRoutes({ store: stored.store, edgeStore: cloud.edgeStore });
  await deploy.workOn({ 'route.scrub': scrubbing });
  expect(await deploy.shownAt(hostname, [first])).toBe(first);
  expect(await repairs()).toEqual([]);
  expect(await unverified()).toEqual([hostname]);

  await deploy.work();
  await stored.moveClock(SCRUB_SECONDS);
  // Between what the scrub wants and what it reads, the same value is published once more.
  await scrub({
    ...cloud.edgeStore,
    get: async (namespace, key) => {
      await stored.store.routes.takeOver(hostname, 1_000_000);
      await cloud.edgeStore.get(namespace, key);
      return 'from before';
    },
  });
  expect(await repairs()).toEqual([]);
});

test('a publication that was given up is asked for again', async () => {
  const id = await deploy.build(site, page('one'));
  await deploy.workOn({ 'deployment.activate': deploy.handlers['deployment.activate'] });
  await stored.db.query(sql`update outbox set state = 'dead', finished_at = db_now() where topic = 'route.publish'`);
  await scrub();
  expect(await deploy.shownAt(hostname, [id])).toBe(id);
  expect((await stored.deployment(id)).status).toBe('deployed');
});

test('every route has its turn, those verified longest ago first, a bounded number at a time', async () => {
  for (let n = 0; n < 120; n++) {
    await stored.store.routes.insert({
      hostname: `more-${n}.sites.localhost`,
      projectId: site.project.id,
      environmentId: site.environment.id,
    });
  }
  const read: string[] = [];
  const counting: EdgeStore = {
    ...cloud.edgeStore,
    get: async (_, key) => {
      read.push(key);
      return undefined;
    },
  };
  await stored.store.routes.markVerified([hostname]);
  await scrub(counting);
  expect([read.length, new Set(read).size]).toEqual([121, 121]);
  expect(read.indexOf(hostname)).toBeGreaterThanOrEqual(100);
  expect((await stored.messages('route.scrub')).length).toBe(2);
  // Verified a moment ago: nothing is due.
  await stored.store.enqueue(scrubMessage('timer'));
  await deploy.workOn({ 'route.scrub': scrubRoutes({ store: stored.store, edgeStore: counting }) });
  expect(read.length).toBe(121);
});

test('a round that began late does not make a route miss its turn in the next', async () => {
  await live('one');
  await scrub();
  // The last route of a round is compared a minute after the round began.
  await stored.moveClock(60);
  await stored.store.routes.markVerified([hostname]);
  await stored.moveClock(-60);
  await cloud.edgeStore.delete(ROUTE_NAMESPACE, kvKey(hostname));
  await scrub();
  expect(await deploy.routeOf(hostname)).toBeDefined();
});

test('while each tenth read fails what was changed elsewhere is still repaired, and what was not read comes first next time', async () => {
  const more = Array.from({ length: 24 }, (_, n) => `shaky-${n}-${hostname}`);
  for (const each of more) {
    const { project, environment } = site;
    await stored.store.routes.insert({ hostname: each, projectId: project.id, environmentId: environment.id });
  }
  await live('one');
  const right = await valueAt(hostname);
  await write(hostname, '<h1>hello</h1>');
  let reads = 0;
  const failed: string[] = [];
  await scrub({
    ...cloud.edgeStore,
    get: async (namespace, key) => {
      reads += 1;
      if (reads % 10 !== 0 || key === kvKey(hostname)) return cloud.edgeStore.get(namespace, key);
      failed.push(key);
      throw new AppError('edge_unavailable');
    },
  });
  expect(await valueAt(hostname)).toBe(right);
  expect(failed.length).toBeGreaterThan(0);
  expect((await unverified()).map(kvKey)).toEqual(failed.toSorted());
});

test('while Edge KV is away nothing is concluded, and nobody is called for it: the next round comes', async () => {
  await live('one');
  const verifiedAt = () => stored.db.query(sql`select verified_at from routes`);
  const before = await verifiedAt();
  cloud.faults.inject({ service: 'esa', fault: { kind: 'error', status: 503 } });
  await scrub();
  expect([await repairs(), await verifiedAt()]).toEqual([[], before]);
  expect(await stored.store.deadLetters.list({ limit: 10, beforeId: undefined, topic: undefined })).toEqual([]);
});
