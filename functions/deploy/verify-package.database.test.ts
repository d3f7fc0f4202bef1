import type { AppManifest } from '@miaobu/shared/contracts/app-manifest';
import { blobKey } from '@miaobu/shared/contracts/manifest';
import { createLog } from '@miaobu/shared/runtime/logger';
import { expect, test } from 'vitest';
import { eachTestHasASite } from '../../tests/database/each-test-has-a-site.ts';
import { playServerBuild, serverManifest, zipOf } from '../../tests/database/play-server-build.ts';
import { sweepBlobs } from '../cleanup/sweep-blobs.ts';

const own = eachTestHasASite();

const FILES = { 'package.json': '{}', 'server.js': 'listen()', 'node_modules/a/index.js': 'a' };
const PACKAGE = zipOf(FILES);

/** Builds a server after a site that is shown: returns the outcome, and checks that the site is unchanged. */
async function afterSite({
  zip = PACKAGE,
  manifest = serverManifest(FILES, zip),
  uploaded = zip,
}: {
  zip?: Buffer;
  manifest?: AppManifest;
  /** What is uploaded in its place; undefined: nothing. */
  uploaded?: Buffer | undefined;
}) {
  const before = await own.deploy.build(own.site, { 'index.html': 'the site' });
  await own.deploy.work();
  const state = async () => [
    await own.stored.environment(own.site.environment.id),
    await own.deploy.routeOf(own.site.hostnames[0] ?? ''),
    (await own.stored.deployment(before)).status,
  ];
  const dispatched = await own.deploy.begin(own.site);
  const [was, uploads] = [await state(), await playServerBuild(own.deploy.callback, dispatched, manifest, uploaded)];
  await own.deploy.work();
  expect(await own.deploy.objectsOf(own.site, dispatched.deploymentId)).toEqual(['manifest-1.json']);
  expect(await own.deploy.firstShardOf(dispatched.deploymentId)).toBeUndefined();
  expect((await state()).slice(1)).toEqual(was.slice(1));
  expect(await own.stored.environment(own.site.environment.id)).toMatchObject({
    currentDeploymentId: before,
    generation: 1,
  });
  const { status, reason, reasonMessage } = await own.stored.deployment(dispatched.deploymentId);
  return { status, reason, message: reasonMessage, uploads };
}

const keyOf = ({ package: { sha256 } }: AppManifest) => blobKey(own.site.project.slug, sha256);
const isStored = async (manifest: AppManifest) => (await own.cloud.objectStore.head(keyOf(manifest))) !== undefined;

test('a server with a valid package is not shown, and its owner is told that this platform runs none yet', async () => {
  expect(await afterSite({})).toEqual({
    status: 'failed',
    reason: 'servers_not_supported',
    message:
      'This is a Node.js server (start: node server.js). Its package was built and verified, but this platform cannot run servers yet; only static sites go live.',
    uploads: 1,
  });
});

test('the same package is not uploaded a second time', async () => {
  expect((await afterSite({})).uploads).toBe(1);
  expect(
    await playServerBuild(
      own.deploy.callback,
      await own.deploy.begin(own.site),
      serverManifest(FILES, PACKAGE),
      undefined,
    ),
  ).toBe(0);
});

test('a package that no deployment has any more is deleted by the sweep; one still to be verified is not', async () => {
  const manifest = serverManifest(FILES, PACKAGE);
  await playServerBuild(own.deploy.callback, await own.deploy.begin(own.site), manifest, PACKAGE);
  const { store } = own.stored;
  const { objectStore } = own.cloud;
  const sweepOnce = sweepBlobs({ store, objectStore, graceSeconds: 3600, monotonicMs: () => performance.now() });
  const sweep = () =>
    sweepOnce({ requestId: 'timer', log: createLog({}, () => {}), signal: new AbortController().signal });
  await own.stored.moveClock(4000);
  expect([await sweep(), await isStored(manifest)]).toEqual([0, true]);
  await own.deploy.work();
  await own.stored.moveClock(4000);
  expect([await sweep(), await isStored(manifest)]).toEqual([1, false]);
});

const wrong = (message: RegExp) => ({
  status: 'failed',
  reason: 'artifact_invalid',
  message: expect.stringMatching(message),
});

test('other bytes under its name: they are deleted, so that the right ones can be uploaded', async () => {
  const manifest = serverManifest(FILES, PACKAGE);
  const other = Buffer.from(PACKAGE);
  other[40] = 255 - (other[40] ?? 0);
  expect(await afterSite({ manifest, uploaded: other })).toMatchObject(wrong(/package is missing or not what/));
  expect(await isStored(manifest)).toBe(false);
});

test('a package that was announced and never uploaded', async () => {
  const manifest = serverManifest(FILES, PACKAGE);
  const dispatched = await own.deploy.begin(own.site);
  await playServerBuild(own.deploy.callback, dispatched, manifest, undefined);
  await own.deploy.work();
  expect(await own.stored.deployment(dispatched.deploymentId)).toMatchObject({
    status: 'failed',
    reason: 'artifact_invalid',
  });
});

const hostile = (files: Readonly<Record<string, string>>, modes?: Readonly<Record<string, number>>) => {
  const zip = zipOf(files, modes);
  return { zip, manifest: serverManifest(files, zip) };
};
/** Its second entry claims the offset of the first: the same bytes unpack twice. */
function overlapping() {
  const files = { a: 'x'.repeat(100), b: 'x'.repeat(100) };
  const zip = zipOf(files);
  zip.writeUInt32LE(0, zip.lastIndexOf(Buffer.from('PK\u0001\u0002')) + 42);
  return { zip, manifest: serverManifest(files, zip) };
}

test.each<[string, { zip: Buffer; manifest: AppManifest }, RegExp]>([
  [
    'no zip',
    { zip: Buffer.from('x'.repeat(100)), manifest: serverManifest(FILES, Buffer.from('x'.repeat(100))) },
    /no zip/,
  ],
  ['a path that climbs out', hostile({ '../a': 'x' }), /"\.\.\/a" has a \. or \.\. segment/],
  ['an absolute path', hostile({ '/etc/cron.d/a': 'x' }), /is absolute/],
  ['a path of Windows', hostile({ '..\\a': 'x' }), /backslash/],
  ['a symbolic link', hostile({ a: '/etc/passwd' }, { a: 0o120777 }), /"a" is not a plain file/],
  ['a device', hostile({ a: 'x' }, { a: 0o020666 }), /"a" is not a plain file/],
  ['a program of another user', hostile({ a: 'x' }, { a: 0o104755 }), /"a" would run as another user/],
  ['names that differ in case', hostile({ 'Read.me': 'x', 'read.me': 'y' }), /upper and lower case only/],
  ['a file that is a folder too', hostile({ a: 'x', 'a/b': 'y' }), /both a file and a folder/],
  ['entries that overlap', overlapping(), /overlaps another entry/],
  [
    'more files than announced',
    { zip: PACKAGE, manifest: { ...serverManifest(FILES, PACKAGE), files: 2 } },
    /files that the build said/,
  ],
  [
    'more bytes than announced',
    { zip: PACKAGE, manifest: { ...serverManifest(FILES, PACKAGE), unpacked_bytes: 1 } },
    /files that the build said/,
  ],
  ['a bomb', hostile({ a: '0'.repeat(2_000_000) }), /unpacks to more than 100 times/],
])('%s is refused, and the site before it stays', async (_, { zip, manifest }, message) => {
  expect(await afterSite({ zip, manifest })).toMatchObject(wrong(message));
});
