import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { sql } from '@miaobu/shared/db/sql';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type PushesUnderTest, startPushesUnderTest } from '../../tests/database/pushes-under-test.ts';
import { PATIENCE } from '../../tests/patience.ts';

const MINUTE = 60;

let pushes: PushesUnderTest;
let counter = 0;

beforeAll(async () => {
  pushes = await startPushesUnderTest();
});
beforeEach(() => pushes.empty());
afterAll(() => pushes.close());

/** A site that has deployed the head of its branch. */
async function connect(options: Parameters<PushesUnderTest['connect']>[0] = {}) {
  await push('before', 'index.html');
  await pushes.connect(options);
}

/** Pushes a commit that changes this file, long after the last push that was received. */
async function push(message: string, file = 'index.html') {
  counter += 1;
  await pushes.ageWhatIsKnown();
  await mkdir(path.join(pushes.github.checkout.directory, path.dirname(file)), { recursive: true });
  return pushes.push(message, { [file]: `content ${counter}` });
}
/** Deployments since `connect`, as [commit, trigger]. */
const deployed = async () =>
  (await pushes.deployments())
    .filter(({ commitMessage }) => commitMessage !== 'before')
    .map(({ commitSha, trigger }) => [commitSha, trigger]);
const outcomes = async () => (await pushes.received()).map(({ afterSha, outcome }) => [afterSha, outcome]);
const notes = async () => (await pushes.received()).map(({ note }) => note);
const everyBuildEnds = (status: string) =>
  pushes.stored.db.query(sql`update deployments set status = ${status} where status = 'queued'`);

test('a lost push is deployed with the next one, although that asks to be skipped; its own delivery, sent again, changes nothing', async () => {
  await connect();
  pushes.setReachable(false);
  const missing = await push('Work on it');
  pushes.setReachable(true);
  const release = await push('chore(release) [skip ci]');
  expect(await deployed()).toEqual([[release, 'push']]);
  expect(await notes()).toEqual([
    'the commit’s message says [skip ci], but it does not continue from a head that was deployed or skipped',
  ]);
  await pushes.wakeUpAfter(5 * MINUTE);
  await vi.waitUntil(async () => (await pushes.received()).length === 2, PATIENCE);
  await pushes.wakeUpAfter(10 * MINUTE);
  expect(await outcomes()).toEqual([
    [release, 'accepted'],
    [missing, 'stale'],
  ]);
  expect(await deployed()).toHaveLength(1);
});

test('a lost push is found by a sync, although the head of the branch asks to be skipped', async () => {
  await connect();
  pushes.setReachable(false);
  await push('Work on it');
  const release = await push('chore(release) [skip ci]');
  await pushes.wakeUpAfter(10 * MINUTE);
  expect(await deployed()).toEqual([[release, 'reconcile']]);
});

test('a branch that is moved back to a commit that was skipped is deployed: what was deployed since is not on the branch any more', async () => {
  await connect();
  const skipped = await push('Fix a typo [skip ci]');
  const sha = await push('Work on it');
  await pushes.ageWhatIsKnown();
  await pushes.github.checkout.git('reset', '--quiet', '--hard', skipped);
  await pushes.github.checkout.git('push', '--quiet', '--force', 'origin', 'HEAD:main');
  expect(await deployed()).toEqual([
    [sha, 'push'],
    [skipped, 'push'],
  ]);
});

test('a head that asks to be skipped is skipped when the one before it was deployed, whatever the result, or skipped', async () => {
  await connect();
  const sha = await push('Work on it');
  await everyBuildEnds('failed');
  await push('chore(release) [skip ci]');
  await push('Fix a typo [skip ci]');
  pushes.setReachable(false);
  await push('Another typo [skip ci]');
  await pushes.wakeUpAfter(10 * MINUTE);
  expect(await deployed()).toEqual([[sha, 'push']]);
  expect((await outcomes()).map(([, outcome]) => outcome)).toEqual(['accepted', 'skipped', 'skipped']);
});

test('a push without relevant changes is deployed when the build before it failed, also if another such push was skipped in between', async () => {
  await connect({ rootDirectory: 'docs' });
  const failed = await push('Work on it', 'docs/page.md');
  await push('Elsewhere');
  await everyBuildEnds('failed');
  const sha = await push('Elsewhere again');
  expect(await deployed()).toEqual([
    [failed, 'push'],
    [sha, 'push'],
  ]);
  expect((await outcomes()).map(([, outcome]) => outcome)).toEqual(['accepted', 'skipped', 'accepted']);
});

test('relevant changes that asked to be skipped come with the next push, wherever that has its own', async () => {
  await connect({ rootDirectory: 'docs' });
  await push('Not yet [skip ci]', 'docs/page.md');
  await push('Nor this [skip ci]');
  const sha = await push('Elsewhere');
  expect(await deployed()).toEqual([[sha, 'push']]);
  await push('Elsewhere again');
  expect(await deployed()).toHaveLength(1);
});

test('irrelevant changes that asked to be skipped are not a reason to deploy the next push', async () => {
  await connect({ rootDirectory: 'docs' });
  await push('Not yet [skip ci]');
  await push('Elsewhere');
  expect(await deployed()).toEqual([]);
  expect(await notes()).toEqual(['the commit’s message says [skip ci]', 'nothing changed under docs']);
});
