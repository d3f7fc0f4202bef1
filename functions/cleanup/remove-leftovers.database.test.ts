import { shardKey, TABLE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { deploymentPrefix } from '@miaobu/shared/contracts/manifest';
import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { cancelDeployment } from '@miaobu/shared/model/deployment/cancel-deployment';
import { createLog } from '@miaobu/shared/runtime/logger';
import { expect, test } from 'vitest';
import { playBuild } from '../../tests/database/callback-under-test.ts';
import { eachTestHasASite } from '../../tests/database/each-test-has-a-site.ts';
import { LATE_SECONDS, removeLeftovers } from './remove-leftovers.ts';

const own = eachTestHasASite();

const remove = () =>
  removeLeftovers({ store: own.stored.store, ...own.cloud })({
    requestId: 'timer',
    log: createLog({}, () => {}),
    signal: new AbortController().signal,
  });
const page = { 'index.html': 'a page' };
const cancel = (deploymentId: string) =>
  own.stored.store.transaction((repositories) =>
    cancelDeployment(repositories, 'api', { deploymentId, reason: 'user', message: 'Cancelled.', requestId: 'test' }),
  );
const lateUpload = (id: string) =>
  own.cloud.objectStore.put(
    `${deploymentPrefix(own.site.project.slug, showId('deployment', id))}/manifest-1.json`,
    Buffer.from('late'),
  );

test('uploads of a failed deployment are deleted two hours later', async () => {
  const id = await own.deploy.build(own.site, page, { manifestSha256: 'f'.repeat(64) });
  await own.deploy.work();
  expect(await own.stored.deployment(id)).toMatchObject({ status: 'failed', reason: 'artifact_invalid' });
  expect(await own.deploy.objectsOf(own.site, id)).toEqual(['manifest-1.json']);
  await own.stored.moveClock(LATE_SECONDS - 60);
  expect([await remove(), await own.deploy.objectsOf(own.site, id)]).toEqual([0, ['manifest-1.json']]);
  await own.stored.moveClock(61);
  expect([await remove(), await own.deploy.objectsOf(own.site, id)]).toEqual([1, []]);
  expect(await remove()).toBe(0);
});

test('late uploads of a cancelled one, while its links are valid, are deleted too, and never shown', async () => {
  const { deploymentId } = await own.deploy.begin(own.site);
  await cancel(deploymentId);
  await lateUpload(deploymentId);
  await own.deploy.work();
  await own.stored.moveClock(LATE_SECONDS + 1);
  expect([await remove(), await own.deploy.objectsOf(own.site, deploymentId)]).toEqual([1, []]);
  expect(await own.deploy.routeOf(own.site.hostnames[0] ?? '')).toBeUndefined();
});

test('a routing table unknown to the database is deleted with its deployment', async () => {
  const id = await own.deploy.build(own.site, page);
  const shown = showId('deployment', id);
  // The worker died between writing the table and the commit that would have recorded its shards.
  for (let shard = 0; shard < 4; shard++) await own.cloud.edgeStore.put(TABLE_NAMESPACE, shardKey(shown, shard), '{}');
  await own.stored.store.deployments.move(id, { to: 'failed', by: 'deploy', requestId: 'test' });
  await own.stored.moveClock(LATE_SECONDS + 1);
  await remove();
  expect((await own.cloud.edgeStore.list(TABLE_NAMESPACE, shown)).keys).toEqual([]);
});

test('what is deployed or may be visible stays', async () => {
  const id = await own.deploy.build(own.site, page);
  await own.deploy.work();
  await own.stored.moveClock(LATE_SECONDS + 1);
  expect(await remove()).toBe(0);
  await own.stored.db.query(sql`update deployments set status = 'failed' where id = ${id}`);
  expect(await remove()).toBe(0);
  expect(await own.deploy.objectsOf(own.site, id)).toContain('manifest.json');
});

test('one that cannot be emptied does not block the others, and is retried in the next round', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) {
    const begun = await own.deploy.begin(own.site);
    await playBuild(own.deploy.callback, begun, page, { manifestSha256: 'f'.repeat(64) });
    ids.push(begun.deploymentId);
    await own.deploy.work();
  }
  await own.stored.moveClock(LATE_SECONDS + 1);
  own.cloud.faults.inject({ service: 'oss', method: 'POST', times: 1, fault: { kind: 'error', status: 503 } });
  expect(await remove()).toBe(2);
  const left = async () => (await Promise.all(ids.map((id) => own.deploy.objectsOf(own.site, id)))).flat();
  expect(await left()).toEqual(['manifest-1.json']);
  expect([await remove(), await left()]).toEqual([1, []]);
});
