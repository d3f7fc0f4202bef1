import { alidnsDnsZone } from '@miaobu/shared/adapters/aliyun/alidns-dns-zone';
import { kvKey, ROUTE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import type { EdgeZone } from '@miaobu/shared/ports/edge-zone';
import { createLog } from '@miaobu/shared/runtime/logger';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAccount } from '../../local/aliyun/account.ts';
import { type AlidnsEmulator, createAlidnsEmulator } from '../../local/aliyun/alidns/alidns-emulator.ts';
import { type Listening, listen } from '../../local/wire/emulator.ts';
import { createFaults, type Observer } from '../../local/wire/faults.ts';
import { type CloudUnderTest, startCloudUnderTest } from '../../tests/database/cloud-under-test.ts';
import { workerUnderTest } from '../../tests/database/deploy-under-test.ts';
import { openTestStore, prepareSite, type Site, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { connectHostname } from './connect-hostname.ts';
import { findUnconfirmed } from './find-unconfirmed.ts';
import { publishRoute } from './publish-route.ts';
import { purgeCache } from './purge-cache.ts';

const ORIGIN = 'artifacts.oss-cn-hangzhou.aliyuncs.com';
const account = createAccount('connect hostname test');
const dnsFaults = createFaults();
let stored: TestStore;
let cloud: CloudUnderTest;
let alidns: AlidnsEmulator;
let dnsServer: Listening;
let site: Site;
let hostname: string;
let sites = 0;

beforeAll(async () => {
  stored = await openTestStore();
  cloud = await startCloudUnderTest();
  alidns = createAlidnsEmulator({ account, stateDirectory: ':memory:', domains: ['sites.localhost'] });
  dnsServer = await listen(dnsFaults.wrap('alidns', alidns));
});
beforeEach(async () => {
  await stored.empty();
  sites += 1;
  hostname = `site-${sites}.sites.localhost`;
  site = await prepareSite(stored, { slug: `site-${sites}`, hostnames: [hostname] });
  await stored.store.enqueue(message());
});
afterEach(() => {
  dnsFaults.clear();
  cloud.faults.clear();
});
afterAll(async () => {
  await dnsServer.close();
  await alidns.close();
  await cloud.close();
  await stored.close();
});

const message = () => ({
  topic: 'hostname.connect',
  lane: `hostname:${hostname}`,
  dedupeKey: `hostname.connect:${hostname}`,
  payload: { project_id: site.project.id, hostname },
  requestId: 'test',
});
const handler = (edgeZone: EdgeZone = cloud.edgeZone) =>
  connectHostname({
    store: stored.store,
    edgeStore: cloud.edgeStore,
    edgeZone,
    dnsZone: alidnsDnsZone({
      endpoint: dnsServer.url,
      region: 'cn-hangzhou',
      domainName: 'sites.localhost',
      credentials: () => account.operator,
    }),
    originBucketDomain: ORIGIN,
  });
const work = (edgeZone: EdgeZone = cloud.edgeZone) =>
  workerUnderTest(stored)({
    'route.publish': publishRoute({ store: stored.store, edgeStore: cloud.edgeStore }),
    'cache.purge': purgeCache(cloud),
    'hostname.connect': handler(edgeZone),
  });
const context = { requestId: 'timer', log: createLog({}, () => {}), signal: new AbortController().signal };
const aliases = () => alidns.recordsOf(hostname).map(({ type, value, ttl }) => ({ type, value, ttl }));
const ledger = () => stored.db.query(sql`select kind, external_id, state from cloud_resources order by kind`);
const bothAre = (state: string) => ['dns_cname', 'edge_record'].map((kind) => ({ kind, externalId: hostname, state }));

test('a hostname gets its record at the edge and a CNAME to it, and the ledger has both', async () => {
  await work();
  const { cname } = await cloud.edgeZone.ensureSiteRecord({ hostname, originBucketDomain: ORIGIN });
  expect(aliases()).toEqual([{ type: 'CNAME', value: cname, ttl: 600 }]);
  expect(await ledger()).toEqual(bothAre('present'));
});

test('existing ones are adopted: a second run changes nothing', async () => {
  await work();
  const before = aliases();
  await stored.store.enqueue(message());
  await work();
  expect([aliases(), await ledger()]).toEqual([before, bothAre('present')]);
});

test('a crash between the record and the CNAME loses nothing: the ledger has both before either exists', async () => {
  dnsFaults.inject({ service: 'alidns', fault: { kind: 'error', status: 400 } });
  await work();
  expect(aliases()).toEqual([]);
  expect(await ledger()).toEqual(bothAre('intended'));
});

test('outages and lost answers of either service converge', async () => {
  cloud.faults.inject({ service: 'esa', action: 'CreateRecord', times: 1, fault: { kind: 'lost-response' } });
  dnsFaults.inject({ service: 'alidns', action: 'AddDomainRecord', times: 1, fault: { kind: 'lost-response' } });
  await work();
  expect(aliases()).toHaveLength(1);
  expect(await ledger()).toEqual(bothAre('present'));
  expect(await stored.messages()).toMatchObject([{ state: 'done', attempts: 3 }]);
});

test('what the ledger has and somebody removed is restored a day later, and recorded in the audit log', async () => {
  await work();
  const before = aliases();
  await cloud.edgeZone.deleteSiteRecord(hostname);
  const findAgain = findUnconfirmed(stored);
  expect(await findAgain(context)).toBe(0);
  await stored.moveClock(24 * 3600);
  expect(await findAgain(context)).toBe(1);
  await work();
  expect([await cloud.hasRecord(hostname), aliases().length]).toEqual([true, before.length]);
  const noted = () => stored.db.query(sql`select action, subject, details -> 'repaired' as repaired from audit_log`);
  expect(await noted()).toMatchObject([
    { action: 'hostname.repaired', subject: hostname, repaired: expect.arrayContaining(['edge_record']) },
  ]);
  // All in order now: nothing more is recorded.
  await stored.moveClock(24 * 3600);
  expect(await findAgain(context)).toBe(1);
  await work();
  expect(await noted()).toHaveLength(1);
});

describe('the hostname of a disabled environment', () => {
  const shownAtEdge = () => cloud.edgeStore.get(ROUTE_NAMESPACE, kvKey(hostname));
  beforeEach(async () => {
    await work();
    await cloud.edgeStore.put(ROUTE_NAMESPACE, kvKey(hostname), 'what was shown');
    await stored.store.environments.disable(site.environment.id);
    await stored.store.enqueue(message());
  });

  test("is removed from the edge first, then loses its record and its CNAME, and the ledger's entries", async () => {
    const deleteSiteRecord = vi.fn(async (name: string) => {
      expect(await shownAtEdge()).toBeUndefined();
      await cloud.edgeZone.deleteSiteRecord(name);
    });
    await work({ ...cloud.edgeZone, deleteSiteRecord });
    expect(deleteSiteRecord).toHaveBeenCalledOnce();
    expect([await shownAtEdge(), await cloud.hasRecord(hostname), aliases()]).toEqual([undefined, false, []]);
    expect(await ledger()).toEqual([]);
    expect((await stored.messages()).map(({ state }) => state)).not.toContain('dead');
  });

  test('is connected again when it is enabled, however far its removal had come', async () => {
    dnsFaults.inject({ service: 'alidns', action: 'DeleteDomainRecord', times: 1, fault: { kind: 'lost-response' } });
    await work();
    await stored.store.environments.enable(site.environment.id, 'main');
    await stored.store.enqueue(message());
    await work();
    expect([await cloud.hasRecord(hostname), aliases().length]).toEqual([true, 1]);
    expect(await ledger()).toEqual(bothAre('present'));
    expect(await stored.db.query(sql`select action from audit_log`)).toEqual([]);
  });
});

describe('a worker checks its lease before each external call,', () => {
  const lost = new AppError('lease_lost');
  /** Handles the message with a lease that is lost from the nth check on. Returns how many calls were made, and whether it completed. */
  async function workWithLooks(looks: number): Promise<{ calls: number; done: boolean }> {
    let looked = 0;
    let calls = 0;
    const count: Observer = async ({ side }) => {
      if (side === 'before') calls += 1;
      return 'pass';
    };
    cloud.faults.observe(count);
    dnsFaults.observe(count);
    const lease = {
      token: 1,
      assertTrusted: () => {
        looked += 1;
        if (looked > looks) throw lost;
      },
    };
    try {
      await handler().work({ project_id: site.project.id, hostname }, lease, context);
      return { calls, done: true };
    } catch (error) {
      expect(error).toBe(lost);
      return { calls, done: false };
    } finally {
      cloud.faults.observe(async () => 'pass');
      dnsFaults.observe(async () => 'pass');
    }
  }
  const wrongRecord = () => cloud.edgeZone.ensureSiteRecord({ hostname, originBucketDomain: 'old.example' });

  test.each([
    ['connecting a hostname', async () => {}],
    ['correcting what is wrong', wrongRecord],
    [
      'disconnecting it',
      async () => {
        await work();
        await stored.store.environments.disable(site.environment.id);
      },
    ],
  ])('%s: so it makes none once the lease is lost', async (_, prepare) => {
    await prepare();
    let looks = 0;
    for (let tried = await workWithLooks(0); !tried.done; tried = await workWithLooks(looks)) {
      expect(tried.calls).toBe(looks);
      looks += 1;
    }
    expect(looks).toBeGreaterThan(2);
  });
});
