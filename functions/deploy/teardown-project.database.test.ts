import { kvKey, ROUTE_NAMESPACE, shardKey, TABLE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { blobKey, deploymentPrefix } from '@miaobu/shared/contracts/manifest';
import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sha256Of } from '../../tests/database/callback-under-test.ts';
import { openTestStore, prepareSite, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { type Ports, type TeardownUnderTest, teardownUnderTest } from '../../tests/database/teardown-under-test.ts';
import { activateDeployment } from './activate-deployment.ts';

const HOUR = 3600;
/** Of two deployments: two manifests each, and three contents. */
const OBJECTS = 7;
const nothing = { routes: [], records: [], aliases: [], hooks: 0, tables: [], objects: 0, logs: 0 };

let stored: TestStore;
let teardown: TeardownUnderTest;
let sites = 0;
let slug: string;

beforeAll(async () => {
  stored = await openTestStore();
  teardown = await teardownUnderTest(stored);
});
beforeEach(async () => {
  await stored.empty();
  sites += 1;
  slug = `site-${sites}`;
});
afterEach(async () => {
  teardown.github.faults.clear();
  teardown.cloud.faults.clear();
  for (const { id } of await teardown.hooks()) {
    await teardown.github.github.api(`/repos/you/site/hooks/${id}`, { method: 'DELETE' });
  }
});
afterAll(async () => {
  await teardown.close();
  await stored.close();
});

type LiveSite = Awaited<ReturnType<TeardownUnderTest['liveSite']>>;
const statuses = () =>
  stored.db.query<{ status: string; reason: string | null }>(sql`select status, reason from deployments order by seq`);
const usage = () => stored.db.query(sql`select kind, amount, project_id from usage_events order by id`);
const actions = async () =>
  (await stored.db.query<{ action: string }>(sql`select action from audit_log order by id`)).map(
    ({ action }) => action,
  );

/** Records the names of port calls, in order, and wraps each. */
function throughEach(around: (name: string, call: () => Promise<unknown>) => Promise<unknown>): Ports {
  const wrap = <Port extends object>(portName: string, port: Port): Port =>
    new Proxy(port, {
      get: (target, property) => {
        const method = Reflect.get(target, property) as unknown;
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) =>
          around(
            [portName, String(property), args[0] === ROUTE_NAMESPACE ? 'route' : ''].filter(Boolean).join(' '),
            () => Promise.resolve(Reflect.apply(method, target, args)),
          );
      },
    });
  const { edgeStore, edgeZone, dnsZone, codeHost, objectStore, buildLog } = teardown.ports;
  return {
    edgeStore: wrap('kv', edgeStore),
    edgeZone: wrap('zone', edgeZone),
    dnsZone: wrap('dns', dnsZone),
    codeHost: wrap('github', codeHost),
    objectStore: wrap('objects', objectStore),
    buildLog: wrap('log', buildLog),
  };
}

/** What is broken for visitors at present: what Edge KV names has to exist, and the hostname to resolve to it. */
async function visitorsProblem({ project, hostnames, deployments }: LiveSite): Promise<string | undefined> {
  const { cloud, deploy } = teardown;
  for (const hostname of hostnames) {
    const id = await deploy.shownAt(hostname, deployments);
    if (id === undefined) continue;
    const shown = showId('deployment', id);
    const page = `page ${deployments.indexOf(id) + 1}`;
    const keys = [`${deploymentPrefix(project.slug, shown)}/manifest.json`, blobKey(project.slug, sha256Of(page))];
    for (const key of keys) if (!(await cloud.objectStore.head(key))) return `${key} is missing`;
    if ((await cloud.edgeStore.get(TABLE_NAMESPACE, shardKey(shown, 0))) === undefined) return 'the table is missing';
    if (!(await cloud.hasRecord(hostname))) return 'the edge does not serve the hostname';
  }
  return undefined;
}

test('a project is torn down in order: its routes at once, its stored content an hour later, its rows last', async () => {
  const site = await teardown.liveSite(slug);
  expect(await teardown.outside(site)).toEqual({
    routes: site.hostnames,
    records: site.hostnames,
    aliases: ['CNAME'],
    hooks: 1,
    tables: site.deployments.map((id) => shardKey(showId('deployment', id), 0)),
    objects: OBJECTS,
    logs: 2,
  });
  const used = await usage();
  expect(used.length).toBeGreaterThan(0);

  await teardown.delete(site);
  await teardown.work();
  const kept = { tables: expect.any(Array), objects: OBJECTS, logs: 2 };
  expect(await teardown.outside(site)).toEqual({ ...nothing, ...kept });
  await stored.moveClock(HOUR - 60);
  await teardown.work();
  expect(await teardown.outside(site)).toEqual({ ...nothing, ...kept });
  expect(await teardown.rows(site)).toBeGreaterThan(0);

  await stored.moveClock(60);
  await teardown.work();
  expect(await teardown.outside(site)).toEqual(nothing);
  expect(await teardown.rows(site)).toBe(0);
  expect(await usage()).toEqual(used);
  expect(await actions()).toEqual(['project.deletion_requested', 'project.deleted']);
  expect(await stored.db.query(sql`select topic from outbox where state = 'dead'`)).toEqual([]);
});

test('the steps are ordered: no record goes before the route, no content before everything that leads to it', async () => {
  const site = await teardown.liveSite(slug);
  const calls: string[] = [];
  const counted = throughEach((name, call) => {
    calls.push(name);
    return call();
  });
  await teardown.delete(site);
  await teardown.work(counted);
  await stored.moveClock(HOUR);
  await teardown.work(counted);
  const order = [
    'zone deleteSiteRecord',
    'dns deleteCname',
    'github deleteHook',
    'kv delete',
    'log delete',
    'objects delete',
  ];
  expect(order.map((name) => calls.indexOf(name))).toEqual(
    order.map((name) => calls.indexOf(name)).sort((a, b) => a - b),
  );
  expect(order.every((name) => calls.includes(name))).toBe(true);
  // Read from the edge before anything is removed, and once more before anything is deleted.
  expect(calls.indexOf('kv get route')).toBeLessThan(calls.indexOf('zone deleteSiteRecord'));
  expect(calls.lastIndexOf('kv get route')).toBeGreaterThan(calls.indexOf('github deleteHook'));
});

describe('interrupted at any call', () => {
  /** Deletes a site while a worker dies once, after the nth call took effect. Returns the names of all calls. */
  async function deleteBroken(site: LiveSite, nth: number): Promise<string[]> {
    const calls: string[] = [];
    const problems: string[] = [];
    const broken = throughEach(async (name, call) => {
      calls.push(name);
      const dies = calls.length === nth;
      const answer = await call();
      const problem = await visitorsProblem(site);
      if (problem) problems.push(`after ${name}: ${problem}`);
      if (dies) throw new Error(`died after ${name}`);
      return answer;
    });
    await teardown.delete(site);
    // Another worker follows the dead one, and then what waits for an hour.
    for (let round = 0; round < 4; round++) {
      await teardown.work(broken);
      await stored.moveClock(HOUR + 600);
    }
    expect(problems).toEqual([]);
    return calls;
  }

  test('it resumes and ends with nothing left, and visitors are never routed to deleted content', async () => {
    const undisturbed = (await deleteBroken(await teardown.liveSite(slug, 1), 0)).length;
    expect(undisturbed).toBeGreaterThan(15);
    for (let nth = 1; nth <= undisturbed; nth++) {
      await stored.empty();
      const site = await teardown.liveSite(`${slug}-${nth}`, 1);
      const which = `after call ${nth}: ${(await deleteBroken(site, nth))[nth - 1]}`;
      expect(await teardown.outside(site), which).toEqual(nothing);
      expect(await teardown.rows(site), which).toBe(0);
    }
  }, 120_000);
});

test('what a stalled worker publishes meanwhile is removed, and protected for another hour', async () => {
  const site = await teardown.liveSite(slug);
  const [hostname = ''] = site.hostnames;
  const value = (await teardown.cloud.edgeStore.get(ROUTE_NAMESPACE, kvKey(hostname))) ?? '';
  await teardown.delete(site);
  await teardown.work();
  await stored.moveClock(HOUR - 10);
  await teardown.cloud.edgeStore.put(ROUTE_NAMESPACE, kvKey(hostname), value);
  await stored.moveClock(10);
  await teardown.work();
  expect(await teardown.outside(site)).toMatchObject({ routes: [], objects: OBJECTS });
  await stored.moveClock(HOUR - 10);
  await teardown.work();
  expect(await teardown.outside(site)).toMatchObject({ objects: OBJECTS });
  await stored.moveClock(10);
  await teardown.work();
  expect([await teardown.outside(site), await teardown.rows(site)]).toEqual([nothing, 0]);
});

test('what was being connected when the deletion started is gone in the end too', async () => {
  const site = { ...(await prepareSite(stored, { slug, hostnames: [`${slug}.sites.localhost`] })), deployments: [] };
  await teardown.askToConnect(site);
  const late = throughEach(async (name, call) => {
    const answer = await call();
    // The connecting worker found the project before its deletion, and ends after the first round of the teardown.
    if (name === 'github findPushHook') await teardown.connect(site);
    return answer;
  });
  await teardown.delete(site);
  await teardown.work(late);
  expect(await teardown.outside(site)).toMatchObject({ records: site.hostnames, aliases: ['CNAME'], hooks: 1 });
  await stored.moveClock(HOUR);
  await teardown.work();
  expect([await teardown.outside(site), await teardown.rows(site)]).toEqual([nothing, 0]);
});

test.each([
  ['the repository is gone', () => stored.db.query(sql`update projects set repository = 'you/gone'`)],
  ['the account is not connected any more', () => stored.db.query(sql`update users set github_token_sealed = null`)],
])('%s: that stops nothing', async (_, lose) => {
  const site = await teardown.liveSite(slug);
  await lose();
  await teardown.delete(site);
  await teardown.work();
  await stored.moveClock(HOUR);
  await teardown.work();
  expect(await teardown.outside(site)).toEqual({ ...nothing, hooks: 1 });
  expect(await teardown.rows(site)).toBe(0);
});

test('running builds are cancelled, pending activations fail, and neither is ever shown', async () => {
  const site = await prepareSite(stored, { slug, hostnames: [`${slug}.sites.localhost`] });
  await teardown.deploy.build(site, { 'index.html': 'about to go live' });
  await teardown.deploy.begin(site);
  await teardown.delete(site);
  expect(await statuses()).toEqual([
    { status: 'deploying', reason: null },
    { status: 'cancelled', reason: 'project_deleted' },
  ]);
  await teardown.work();
  expect((await statuses())[0]).toEqual({ status: 'failed', reason: 'project_deleted' });
  expect(await teardown.outside(site)).toMatchObject({ routes: [] });
  expect((await stored.environment(site.environment.id)).currentDeploymentId).toBeNull();
});

test('a deletion that starts during an activation wins', async () => {
  const site = await prepareSite(stored, { slug, hostnames: [`${slug}.sites.localhost`] });
  const id = await teardown.deploy.build(site, { 'index.html': 'almost' });
  let begun = false;
  const slow = activateDeployment({
    store: stored.store,
    edgeStore: teardown.cloud.edgeStore,
    monotonicMs: () => 0,
    objectStore: {
      ...teardown.cloud.objectStore,
      put: async (...put) => {
        if (!begun) await teardown.delete(site);
        begun = true;
        return teardown.cloud.objectStore.put(...put);
      },
    },
  });
  await teardown.deploy.workOn({ 'deployment.activate': slow });
  expect((await stored.environment(site.environment.id)).currentDeploymentId).toBeNull();
  await teardown.work();
  expect(await stored.deployment(id)).toMatchObject({ status: 'failed', activatedAt: null });
  await stored.moveClock(HOUR);
  await teardown.work();
  expect([await teardown.outside({ ...site, deployments: [id] }), await teardown.rows(site)]).toEqual([nothing, 0]);
});

test('more deployments than fit into one round are deleted in several', async () => {
  const site = await teardown.liveSite(slug, 1);
  await stored.db.query(sql`
    insert into deployments (project_id, environment_id, seq, trigger, dedupe_key, branch, commit_sha, settings, request_id, status)
    select d.project_id, d.environment_id, 100 + n, 'push', 'more:' || n, d.branch, d.commit_sha, d.settings, 'test', 'cancelled'
      from deployments d, generate_series(1, 120) n`);
  await teardown.delete(site);
  await teardown.work();
  await stored.moveClock(HOUR);
  await teardown.work();
  expect([await teardown.outside(site), await teardown.rows(site)]).toEqual([nothing, 0]);
  expect((await stored.messages('project.teardown')).length).toBeGreaterThan(4);
});
