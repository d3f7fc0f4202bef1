import { sql } from '@miaobu/shared/db/sql';
import { createLog } from '@miaobu/shared/runtime/logger';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { putUpload, sha256Of, type Upload } from '../../tests/database/callback-under-test.ts';
import { type CloudUnderTest, startCloudUnderTest } from '../../tests/database/cloud-under-test.ts';
import { type DeployUnderTest, deployUnderTest } from '../../tests/database/deploy-under-test.ts';
import { openTestStore, prepareSite, type Site, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { LATE_SECONDS } from '../cleanup/remove-leftovers.ts';
import { sweepBlobs } from '../cleanup/sweep-blobs.ts';

const LIMIT = 1000;

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
  site = await prepareSite(stored, { slug: `site-${sites}` });
  await stored.db.query(sql`update users set max_storage_bytes = ${LIMIT}`);
});
afterAll(async () => {
  await cloud.close();
  await stored.close();
});

/** A build that may upload; its `ask` takes content names with their sizes. */
async function publishing(where = site) {
  const begun = await deploy.begin(where);
  const run = deploy.callback.runOf(begun);
  const { token: report } = (await run.redeem()).data;
  const { token } = (await run.publication(report)).data;
  const ask = async (...contents: readonly (readonly [content: string, bytes: number])[]) =>
    run.uploads(
      token,
      contents.map(([content, bytes]) => ({ sha256: sha256Of(content), bytes })),
    );
  return { ...begun, ask };
}
const granted = { status: 200 };
const refused = { status: 403, code: 'limit_reached' };
const sweep = () =>
  sweepBlobs({ ...stored, ...cloud, graceSeconds: 24 * 3600, monotonicMs: () => performance.now() })({
    requestId: 'timer',
    log: createLog({}, () => {}),
    signal: new AbortController().signal,
  });

describe('an account may store so many bytes, and', () => {
  test('reserved space counts, whether or not it was used', async () => {
    const build = await publishing();
    expect(await build.ask(['a', 600])).toMatchObject(granted);
    expect(await build.ask(['b', 600])).toMatchObject(refused);
    expect(await build.ask(['b', 400])).toMatchObject(granted);
    expect(await build.ask(['c', 1])).toMatchObject(refused);
  });

  test('all of its projects and builds count together', async () => {
    const other = await prepareSite(stored, { slug: `other-${sites}` });
    expect(await (await publishing()).ask(['a', 600])).toMatchObject(granted);
    expect(await (await publishing(other)).ask(['a', 600])).toMatchObject(refused);
  });

  test('concurrent builds are never given the same space', async () => {
    const builds = [await publishing(), await publishing(), await publishing(), await publishing()];
    const answers = await Promise.all(builds.map(({ ask }, n) => ask([`content ${n}`, 600])));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403, 403, 403]);
    expect(await stored.store.usage.claimedBytes(site.project.userId)).toBe(600);
  });

  test('the largest announced size counts, not the first one', async () => {
    const build = await publishing();
    expect(await build.ask(['a', 0])).toMatchObject(granted);
    expect(await build.ask(['a', LIMIT + 1])).toMatchObject(refused);
    expect(await build.ask(['a', 600])).toMatchObject(granted);
    expect(await build.ask(['a', 0])).toMatchObject(granted);
    expect(await build.ask(['b', 600])).toMatchObject(refused);
  });

  test('a content that is requested again counts once', async () => {
    const [first, second] = [await publishing(), await publishing()];
    for (const { ask } of [first, first, second]) expect(await ask(['a', 600], ['b', 400])).toMatchObject(granted);
  });

  test('a refused request records nothing as wanted', async () => {
    const build = await publishing();
    expect(await build.ask(['a', 600], ['b', 600])).toMatchObject(refused);
    expect(await build.ask(['c', LIMIT])).toMatchObject(granted);
  });

  test('existing contents are never refused, however full the account is', async () => {
    const build = await publishing();
    await stored.store.blobs.markVerified(site.project.id, [{ sha256: sha256Of('a'), bytes: 600 }]);
    await stored.db.query(sql`update users set max_storage_bytes = 1`);
    expect(await build.ask(['a', 600])).toMatchObject({ ...granted, data: { uploads: [] } });
    expect(await build.ask(['a', 600], ['b', 1])).toMatchObject(refused);
  });

  test('the reservation of a failed build counts until the sweep has deleted it, two hours later', async () => {
    const content = 'x'.repeat(600);
    const { data } = await (await publishing()).ask([content, 600]);
    const [link] = data.uploads as Upload[];
    if (!link) throw new Error('there is no link');
    expect((await putUpload(link, content)).status).toBe(200);

    await stored.moveClock(LATE_SECONDS - 60);
    await sweep();
    expect(await (await publishing()).ask(['b', 600])).toMatchObject(refused);
    await stored.moveClock(61);
    expect(await (await publishing()).ask(['b', 600])).toMatchObject(refused);
    await sweep();
    expect((await cloud.objectStore.list(`projects/${site.project.slug}/blobs/`)).objects).toEqual([]);
    expect(await (await publishing()).ask(['b', 600])).toMatchObject(granted);
  });

  test('contents that a manifest names without a request reserve no space', async () => {
    const manifest = {
      v: 1,
      kind: 'static',
      spa: false,
      files: [{ path: 'index.html', sha256: sha256Of('never asked for'), bytes: LIMIT * 10, type: 'text/html' }],
    };
    const id = await deploy.build(site, {}, { manifest: JSON.stringify(manifest) });
    await deploy.work();
    expect(await stored.deployment(id)).toMatchObject({ status: 'failed', reason: 'artifact_invalid' });
    expect(await (await publishing()).ask(['a', LIMIT])).toMatchObject(granted);
  });

  test('a deployment whose files exceed the limit is not shown, and says why', async () => {
    const [hostname = ''] = site.hostnames;
    const id = await deploy.build(site, { 'index.html': 'x'.repeat(600) });
    await stored.db.query(sql`update users set max_storage_bytes = 599`);
    await deploy.work();
    expect(await stored.deployment(id)).toMatchObject({
      status: 'failed',
      reason: 'limit_reached',
      reasonMessage: expect.stringMatching(/than the .* GB that your account may store/),
    });
    expect(await deploy.routeOf(hostname)).toBeUndefined();
  });
});
