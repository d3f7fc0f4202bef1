import { blobKey } from '@miaobu/shared/contracts/manifest';
import { sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { DELETE_WITHIN_SECONDS } from '@miaobu/shared/model/build/blob-repository';
import { describe, expect, test } from 'vitest';
import { manifestOf, playBuild, sha256Of } from '../../tests/database/callback-under-test.ts';
import type { DeployUnderTest } from '../../tests/database/deploy-under-test.ts';
import { eachTestHasASite } from '../../tests/database/each-test-has-a-site.ts';
import { activateDeployment } from './activate-deployment.ts';

const own = eachTestHasASite();

const keyOf = (content: string) => blobKey(own.site.project.slug, sha256Of(content));
const contentOf = async (content: string) => (await own.cloud.objectStore.read(keyOf(content), 1000))?.toString();
const readsOf = (content: string) =>
  own.cloud.calls.filter((call) => call === `GET /artifacts/${keyOf(content)}`).length;

/** Activates pending deployments, with some parts replaced by the test. */
const activateWith = (parts: Partial<Parameters<typeof activateDeployment>[0]>) =>
  own.deploy.workOn({
    'deployment.activate': activateDeployment({
      ...own.cloud,
      store: own.stored.store,
      monotonicMs: () => 0,
      ...parts,
    }),
  });

/** A release that is shown, and everything that a refused one must leave unchanged. */
async function release() {
  const id = await own.deploy.build(own.site, { 'index.html': 'the first release' });
  await own.deploy.work();
  const state = async () => ({
    current: (await own.stored.environment(own.site.environment.id)).currentDeploymentId,
    generation: (await own.stored.environment(own.site.environment.id)).generation,
    route: await own.deploy.routeOf(own.site.hostnames[0] ?? ''),
    status: (await own.stored.deployment(id)).status,
  });
  const before = await state();
  expect(before).toMatchObject({ current: id, status: 'deployed', route: expect.anything() });
  return async () => expect(await state()).toEqual(before);
}

async function expectRefused(id: string, reason: RegExp) {
  expect(await own.stored.deployment(id)).toMatchObject({
    status: 'failed',
    reason: 'artifact_invalid',
    reasonMessage: expect.stringMatching(reason),
    activatedAt: null,
  });
  expect(await own.deploy.firstShardOf(id)).toBeUndefined();
  expect(await own.deploy.objectsOf(own.site, id)).toEqual(['manifest-1.json']);
}

test('an artifact whose every file matches its hash is described, and its table and manifest are stored', async () => {
  const files = { 'index.html': '<p>home', 'about/index.html': '<p>about', 'empty.txt': '', 'copy.html': '<p>home' };
  const id = await own.deploy.build(own.site, files);
  await own.deploy.work();
  expect(await own.stored.deployment(id)).toMatchObject({
    status: 'deployed',
    files: 4,
    bytes: 22,
    shards: 1,
    spa: false,
  });
  expect(await own.deploy.objectsOf(own.site, id)).toEqual(['manifest-1.json', 'manifest.json']);
  expect(await own.deploy.firstShardOf(id)).toContain('about/index.html');
});

/** A page uploaded with a compressed twin. The twin's actual content does not matter here. */
function withTwin(page: string, twin: string) {
  const { files, ...manifest } = manifestOf({ 'index.html': page });
  const br = { sha256: sha256Of(twin), bytes: Buffer.byteLength(twin) };
  const text = JSON.stringify({ ...manifest, files: files.map((file) => ({ ...file, encodings: { br } })) });
  return [{ 'index.html': page, twin }, { manifest: text }] as const;
}

test('a compressed twin is verified and stored like a file, and counts as stored bytes, not towards the size of the site', async () => {
  const [files, lies] = withTwin('the page itself', 'its twin');
  const id = await own.deploy.build(own.site, files, lies);
  await own.deploy.work();
  expect(await own.stored.deployment(id)).toMatchObject({ status: 'deployed', files: 1, bytes: 15 });
  expect(await own.stored.store.usage.storedBytes(own.site.project.userId)).toBe(15 + 8);
  const [recorded] = await own.stored.db.query(sql`select amount::int from usage_events where kind = 'stored_bytes'`);
  expect(recorded).toEqual({ amount: 15 + 8 });
  expect(await own.deploy.firstShardOf(id)).toContain(sha256Of('its twin'));
});

describe('content that does not match its name is never shown, and the previous release stays', () => {
  test('other bytes under a content’s name: the object is deleted, so that the right one can be uploaded', async () => {
    const unchanged = await release();
    const files = { 'index.html': 'right bytes', 'other.html': 'fine' };
    const id = await own.deploy.build(own.site, files, { content: { 'index.html': 'wrong bytes' } });
    expect(await contentOf('right bytes')).toBe('wrong bytes');
    await own.deploy.work();
    await expectRefused(id, /^1 uploaded files .* index\.html$/);
    expect(await contentOf('right bytes')).toBeUndefined();
    expect(await contentOf('fine')).toBe('fine');
    await unchanged();

    const again = await own.deploy.build(own.site, files);
    await own.deploy.work();
    expect((await own.stored.deployment(again)).status).toBe('deployed');
    expect(await contentOf('right bytes')).toBe('right bytes');
  });

  test('bytes that change between the upload and the activation', async () => {
    const unchanged = await release();
    const id = await own.deploy.build(own.site, { 'index.html': 'right bytes' });
    expect(await contentOf('right bytes')).toBe('right bytes');
    // As the holder of the bucket's own key could: the upload link works once.
    await own.cloud.objectStore.put(keyOf('right bytes'), Buffer.from('right bytez'), { contentType: 'text/html' });
    await own.deploy.work();
    await expectRefused(id, /^1 uploaded files .* index\.html$/);
    await unchanged();
  });

  test.each([
    ['never uploaded', { withheld: ['twin'] }],
    ['another one than it is said to be', { content: { twin: 'its twim' } }],
  ])('a compressed twin that is %s', async (_, more) => {
    const unchanged = await release();
    const [files, lies] = withTwin('the page itself', 'its twin');
    const id = await own.deploy.build(own.site, files, { ...lies, ...more });
    await own.deploy.work();
    await expectRefused(id, /^1 uploaded files .* index\.html \(br\)$/);
    await unchanged();
  });

  test('a file that was listed and never uploaded', async () => {
    const unchanged = await release();
    const files = { 'index.html': 'uploaded', 'a.html': 'withheld' };
    const id = await own.deploy.build(own.site, files, { withheld: ['a.html'] });
    await own.deploy.work();
    await expectRefused(id, /missing .* a\.html$/);
    await unchanged();
  });

  test.each<[string, Parameters<DeployUnderTest['build']>[2], RegExp]>([
    ['a manifest other than the one reported', { manifestSha256: 'ab'.repeat(32) }, /not the one the build reported/],
    ['a manifest that is not JSON', { manifest: '{"v":1,' }, /not valid JSON/],
    ['a manifest of nothing', { manifest: 'null' }, /version 1 manifest/],
  ])('%s', async (_, lies, reason) => {
    const unchanged = await release();
    const id = await own.deploy.build(own.site, { 'index.html': 'content' }, lies);
    await own.deploy.work();
    await expectRefused(id, reason);
    await unchanged();
  });

  test.each(['../../shop/index.html', '/etc/passwd', 'a//b', 'a\\b', 'x\0', ''])('a file called %j', async (path) => {
    const unchanged = await release();
    const id = await own.deploy.build(
      own.site,
      { 'index.html': 'ok' },
      { manifest: JSON.stringify(manifestOf({ [path]: 'ok' })) },
    );
    await own.deploy.work();
    await expectRefused(id, /the path/);
    await unchanged();
  });

  test('a wrong size for a file whose content exists', async () => {
    const unchanged = await release();
    const { files, ...rest } = manifestOf({ 'index.html': 'the first release' });
    const manifest = JSON.stringify({ ...rest, files: files.map((file) => ({ ...file, bytes: 5 })) });
    const id = await own.deploy.build(own.site, { 'index.html': 'the first release' }, { manifest });
    await own.deploy.work();
    await expectRefused(id, /wrong size/);
    await unchanged();
  });

  test('paths chosen so that no routing table can hold them', async () => {
    const unchanged = await release();
    // Every sequence of these blocks has one hash (see contracts/edge-route.test.ts).
    const blocks = ['anamaeej', 'raawbiuo'];
    const paths = Array.from({ length: 512 }, (_, n) =>
      Array.from({ length: 100 }, (_, bit) => blocks[bit < 9 ? (n >> bit) & 1 : 0]).join(''),
    );
    const id = await own.deploy.build(own.site, Object.fromEntries(paths.map((path) => [path, 'same'])));
    await own.deploy.work();
    await expectRefused(id, /do not spread/);
    await unchanged();
  });
});

describe('a content', () => {
  test('that was verified is neither uploaded nor read again', async () => {
    await own.deploy.build(own.site, { 'index.html': 'one', 'shared.css': 'shared' });
    await own.deploy.work();
    expect(readsOf('shared')).toBe(1);
    const id = await own.deploy.build(own.site, { 'index.html': 'two', 'shared.css': 'shared' });
    await own.deploy.work();
    expect((await own.stored.deployment(id)).status).toBe('deployed');
    expect([readsOf('shared'), readsOf('two')]).toEqual([1, 1]);
  });

  test('uploaded by an earlier, aborted build is used after it was verified', async () => {
    const broken = await own.deploy.build(
      own.site,
      { 'a.html': 'kept', 'b.html': 'missing' },
      { withheld: ['b.html'] },
    );
    await own.deploy.work();
    expect((await own.stored.deployment(broken)).status).toBe('failed');
    const id = await own.deploy.build(own.site, { 'a.html': 'kept', 'b.html': 'missing' });
    await own.deploy.work();
    expect((await own.stored.deployment(id)).status).toBe('deployed');
  });

  test('that another deployment had verified in the meantime is not deleted', async () => {
    const files = { 'index.html': 'right bytes' };
    const id = await own.deploy.build(own.site, files, { content: { 'index.html': 'wrong bytes' } });
    // The test's own port: the other deployment has to come between the reading and the conclusion.
    const objectStore = {
      ...own.cloud.objectStore,
      async get(key: string) {
        const found = await own.cloud.objectStore.get(key);
        await own.stored.store.blobs.markVerified(own.site.project.id, [
          { sha256: sha256Of('right bytes'), bytes: 11 },
        ]);
        return found;
      },
    };
    await activateWith({ objectStore });
    expect((await own.stored.deployment(id)).status).toBe('failed');
    expect(await contentOf('right bytes')).toBeDefined();
  });

  test('that is wrong and being deleted is granted to no build, and can be uploaded as soon as it is gone', async () => {
    const files = { 'index.html': 'right bytes' };
    const id = await own.deploy.build(own.site, files, { content: { 'index.html': 'wrong bytes' } });
    const other = await own.deploy.begin(own.site);
    const answers: unknown[] = [];
    await activateWith({
      objectStore: {
        ...own.cloud.objectStore,
        async delete(keys) {
          const run = own.deploy.callback.runOf(other);
          const { token } = (await run.publication((await run.redeem()).data.token)).data;
          answers.push(await run.uploads(token, [{ sha256: sha256Of('right bytes'), bytes: 11 }]));
          await own.cloud.objectStore.delete(keys);
        },
      },
    });
    expect(answers).toMatchObject([{ status: 503, code: 'content_being_deleted' }]);
    expect((await own.stored.deployment(id)).status).toBe('failed');

    await playBuild(own.deploy.callback, other, files);
    await own.deploy.work();
    expect((await own.stored.deployment(other.deploymentId)).status).toBe('deployed');
    expect(await contentOf('right bytes')).toBe('right bytes');
  });

  test('whose deletion may still be running is not deleted a second time', async () => {
    const files = { 'index.html': 'right bytes' };
    const id = await own.deploy.build(own.site, files, { content: { 'index.html': 'wrong bytes' } });
    const deletions: number[] = [];
    const objectStore = {
      ...own.cloud.objectStore,
      async delete(keys: readonly string[]) {
        deletions.push((await own.stored.store.now()).getTime());
        if (deletions.length === 1) throw new AppError('object_store_unavailable');
        await own.cloud.objectStore.delete(keys);
      },
    };
    for (let n = 0; n < 300 && (await own.stored.deployment(id)).status === 'deploying'; n++) {
      await activateWith({ objectStore });
      await own.stored.moveClock(5);
    }
    expect(await own.stored.deployment(id)).toMatchObject({ status: 'failed', reason: 'artifact_invalid' });
    const [first = 0, second = 0, ...more] = deletions;
    expect(more).toEqual([]);
    expect(second - first).toBeGreaterThan(120_000);
    expect(await contentOf('right bytes')).toBeUndefined();
  });

  test('that is wrong stays in place when the database answered so late that an upload could race its deletion', async () => {
    const files = { 'index.html': 'right bytes' };
    const id = await own.deploy.build(own.site, files, { content: { 'index.html': 'wrong bytes' } });
    let ms = 0;
    const monotonicMs = () => {
      ms += (DELETE_WITHIN_SECONDS + 1) * 1000;
      return ms;
    };
    await activateWith({ monotonicMs });
    expect((await own.stored.deployment(id)).status).toBe('deploying');
    expect(await contentOf('right bytes')).toBe('wrong bytes');
  });

  test('that is listed is safe from the sweep from then on, even when the runner never requested it', async () => {
    await own.deploy.build(own.site, { 'index.html': 'old' });
    await own.deploy.work();
    await own.stored.moveClock(2 * 86_400);
    await own.deploy.build(
      own.site,
      { 'new.html': 'new' },
      { manifest: JSON.stringify(manifestOf({ 'index.html': 'old' })) },
    );
    const unwanted = () =>
      own.stored.store.blobs.listUnwanted(own.site.project.id, { verified: 86_400, unverified: 86_400 }, 10, '');
    expect(await unwanted()).toEqual([sha256Of('old')]);
    await own.deploy.work();
    expect(await unwanted()).toEqual([]);
  });
});

test('an outage of the object store is waited out; what was verified before it is not read again', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 250 }, (_, n) => [`${n}.html`, `page ${n} of ${own.site.project.slug}`]),
  );
  const id = await own.deploy.build(own.site, files);
  const reads: string[] = [];
  // The test's own port: the outage has to come in the second batch of 200.
  const objectStore = {
    ...own.cloud.objectStore,
    get(key: string) {
      reads.push(key);
      if (reads.length === 221) return Promise.reject(new AppError('object_store_unavailable'));
      return own.cloud.objectStore.get(key);
    },
  };
  await activateWith({ objectStore });
  expect(await own.stored.deployment(id)).toMatchObject({
    status: 'deploying',
    activatedAt: expect.any(Date),
    files: 250,
  });
  expect(new Set(reads).size).toBe(250);
  expect(reads.length).toBeGreaterThan(250);
  const readOnce = [...new Set(reads)].filter((key) => reads.filter((read) => read === key).length === 1);
  expect(readOnce.length).toBeGreaterThanOrEqual(200);
});

test('a site of a thousand files is verified', async () => {
  const files = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`pages/${n}.html`, `page ${n}`]));
  const id = await own.deploy.build(own.site, files);
  await own.deploy.work();
  expect(await own.stored.deployment(id)).toMatchObject({ status: 'deployed', files: 1000 });
});
