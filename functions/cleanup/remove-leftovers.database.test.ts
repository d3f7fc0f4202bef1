import { shardKey, TABLE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { deploymentPrefix } from '@miaobu/shared/contracts/manifest';
import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { cancelDeployment } from '@miaobu/shared/model/deployment/cancel-deployment';
import { createLog } from '@miaobu/shared/runtime/logger';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { playBuild } from '../../tests/database/callback-under-test.ts';
import { type CloudUnderTest, startCloudUnderTest } from '../../tests/database/cloud-under-test.ts';
import { type DeployUnderTest, deployUnderTest } from '../../tests/database/deploy-under-test.ts';
import { openTestStore, prepareSite, type Site, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { LATE_SECONDS, removeLeftovers } from './remove-leftovers.ts';

let stored: TestStore;
let cloud: CloudUnderTest;
let deploy: DeployUnderTest;
let site: Site;
let sites = 0;

beforeAll(async () => {
  stored = await openTestStore();
  cloud = await startCloudUnderTest();
  deploy = deployUnderTest(stored, cloud);
});
beforeEach(async () => {
  await stored.empty();
  sites += 1;
  site = await prepareSite(stored, { slug: `site-${sites}`, hostnames: [`site-${sites}.sites.localhost`] });
});
afterEach(() => cloud.faults.clear());
afterAll(async () => {
  await cloud.close();
  await stored.close();
});

const remove = () =>
  removeLeftovers({ store: stored.store, ...cloud })({
    requestId: 'timer',
    log: createLog({}, () => {}),
    signal: new AbortController().signal,
  });
const page = { 'index.html': 'a page' };
const cancel = (deploymentId: string) =>
  stored.store.transaction((repositories) =>
    cancelDeployment(repositories, 'api', { deploymentId, reason: 'user', message: 'Cancelled.', requestId: 'test' }),
  );
const lateUpload = (id: string) =>
  cloud.objectStore.put(
    `${deploymentPrefix(site.project.slug, showId('deployment', id))}/manifest-1.json`,
    Buffer.from('late'),
  );

test('what a failed deployment has uploaded goes two hours later', async () => {
  const id = await deploy.build(site, page, { manifestSha256: 'f'.repeat(64) });
  await deploy.work();
  expect(await stored.deployment(id)).toMatchObject({ status: 'failed', reason: 'artifact_invalid' });
  expect(await deploy.objectsOf(site, id)).toEqual(['manifest-1.json']);
  await stored.moveClock(LATE_SECONDS - 60);
  expect([await remove(), await deploy.objectsOf(site, id)]).toEqual([0, ['manifest-1.json']]);
  await stored.moveClock(61);
  expect([await remove(), await deploy.objectsOf(site, id)]).toEqual([1, []]);
  expect(await remove()).toBe(0);
});

test('what a cancelled one still uploads while its links count goes too, and is never shown', async () => {
  const { deploymentId } = await deploy.begin(site);
  await cancel(deploymentId);
  await lateUpload(deploymentId);
  await deploy.work();
  await stored.moveClock(LATE_SECONDS + 1);
  expect([await remove(), await deploy.objectsOf(site, deploymentId)]).toEqual([1, []]);
  expect(await deploy.routeOf(site.hostnames[0] ?? '')).toBeUndefined();
});

test('a routing table of which the database never heard goes with its deployment', async () => {
  const id = await deploy.build(site, page);
  const shown = showId('deployment', id);
  // The worker died between writing the table and the commit that would have counted its shards.
  for (let shard = 0; shard < 4; shard++) await cloud.edgeStore.put(TABLE_NAMESPACE, shardKey(shown, shard), '{}');
  await stored.store.deployments.move(id, { to: 'failed', by: 'deploy', requestId: 'test' });
  await stored.moveClock(LATE_SECONDS + 1);
  await remove();
  expect((await cloud.edgeStore.list(TABLE_NAMESPACE, shown)).keys).toEqual([]);
});

test('what is deployed or may be visible stays', async () => {
  const id = await deploy.build(site, page);
  await deploy.work();
  await stored.moveClock(LATE_SECONDS + 1);
  expect(await remove()).toBe(0);
  await stored.db.query(sql`update deployments set status = 'failed' where id = ${id}`);
  expect(await remove()).toBe(0);
  expect(await deploy.objectsOf(site, id)).toContain('manifest.json');
});

test('one that cannot be emptied keeps no other from it, and is tried again in the next round', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) {
    const begun = await deploy.begin(site);
    await playBuild(deploy.callback, begun, page, { manifestSha256: 'f'.repeat(64) });
    ids.push(begun.deploymentId);
    await deploy.work();
  }
  await stored.moveClock(LATE_SECONDS + 1);
  cloud.faults.inject({ service: 'oss', method: 'POST', times: 1, fault: { kind: 'error', status: 503 } });
  expect(await remove()).toBe(2);
  const left = async () => (await Promise.all(ids.map((id) => deploy.objectsOf(site, id)))).flat();
  expect(await left()).toEqual(['manifest-1.json']);
  expect([await remove(), await left()]).toEqual([1, []]);
});
