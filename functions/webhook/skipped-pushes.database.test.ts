import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type PushesUnderTest, startPushesUnderTest } from '../../tests/database/pushes-under-test.ts';

const MINUTE = 60;

let pushes: PushesUnderTest;
let counter = 0;

beforeAll(async () => {
  pushes = await startPushesUnderTest();
});
beforeEach(() => pushes.empty());
afterAll(() => pushes.close());

/** A content unlike any before. */
const fresh = () => {
  counter += 1;
  return `content ${counter}`;
};
/** Deployments since the import, as [site, commit, trigger]. */
const deployed = async () =>
  (await pushes.deployments())
    .filter(({ commitMessage }) => !commitMessage.startsWith('before'))
    .map(({ slug, commitSha, trigger }) => [slug, commitSha, trigger]);
const outcomes = async () => (await pushes.received()).map(({ slug, outcome, note }) => [slug, outcome, note]);

async function connect(...sites: Parameters<PushesUnderTest['connect']>[0][]) {
  await pushes.push('before', { 'index.html': fresh() });
  const connected = [];
  for (const options of sites) connected.push(await pushes.connect(options));
  await pushes.ageWhatIsKnown();
  return connected;
}

test('a push whose head commit asks to be skipped is recorded as skipped, and a sync of its branch deploys nothing', async () => {
  const [site] = await connect({});
  const sha = await pushes.push('Fix a typo [skip ci]', { 'index.html': fresh() });
  expect(await outcomes()).toEqual([['blog', 'skipped', 'the commit’s message says [skip ci]']]);
  expect(await pushes.stored.environment(site?.environment.id ?? '')).toMatchObject({ headSha: sha, skippedSha: sha });
  await pushes.wakeUpAfter(10 * MINUTE);
  expect(await deployed()).toEqual([]);
});

test('the next push is deployed as usual, and the skipped head is forgotten', async () => {
  const [site] = await connect({});
  await pushes.push('Fix a typo [skip deploy]', { 'index.html': fresh() });
  await pushes.ageWhatIsKnown();
  const sha = await pushes.push('Work on it', { 'index.html': fresh() });
  expect(await deployed()).toEqual([['blog', sha, 'push']]);
  expect(await pushes.stored.environment(site?.environment.id ?? '')).toMatchObject({ skippedSha: null });
  await pushes.wakeUpAfter(10 * MINUTE);
  expect(await deployed()).toHaveLength(1);
});

test('a head that asks to be skipped is also skipped when it was found by a sync', async () => {
  const [site] = await connect({});
  pushes.setReachable(false);
  const sha = await pushes.push('Fix a typo [no ci]', { 'index.html': fresh() });
  await pushes.wakeUpAfter(10 * MINUTE);
  expect(await deployed()).toEqual([]);
  expect(await pushes.stored.environment(site?.environment.id ?? '')).toMatchObject({ headSha: sha, skippedSha: sha });
});

test('a branch that is moved back to a skipped commit after a deployment is examined again', async () => {
  await connect({ rootDirectory: 'docs' });
  const skipped = await pushes.push('Elsewhere', { 'index.html': fresh() });
  await pushes.ageWhatIsKnown();
  const sha = await pushes.push('Work on it', { 'docs.md': fresh(), 'index.html': fresh() });
  expect(await deployed()).toEqual([]);
  await pushes.ageWhatIsKnown();
  await pushes.github.checkout.git('commit', '--quiet', '--allow-empty', '--message', 'Deploy, please');
  await pushes.github.checkout.git('push', '--quiet', 'origin', 'HEAD:main');
  expect(await deployed()).toMatchObject([['blog', expect.not.stringMatching(sha), 'push']]);
  pushes.setReachable(false);
  await pushes.github.checkout.git('reset', '--quiet', '--hard', skipped);
  await pushes.github.checkout.git('push', '--quiet', '--force', 'origin', 'HEAD:main');
  await pushes.wakeUpAfter(10 * MINUTE);
  expect((await deployed()).at(-1)).toEqual(['blog', skipped, 'reconcile']);
});

test('of two projects in one repository only the one with changes under its root is deployed', async () => {
  await connect({ slug: 'docs', rootDirectory: 'docs' }, { slug: 'shop', rootDirectory: 'apps/shop' });
  await pushes.github.checkout.git('rm', '--quiet', '-r', '--ignore-unmatch', 'docs', 'apps');
  const both = await pushes.push('Both', await inFolders({ docs: fresh(), 'apps/shop': fresh() }));
  await pushes.ageWhatIsKnown();
  const one = await pushes.push('One', await inFolders({ docs: fresh() }));
  await pushes.ageWhatIsKnown();
  await pushes.push('Neither', { 'index.html': fresh() });
  expect((await deployed()).sort()).toEqual(
    [
      ['docs', both, 'push'],
      ['shop', both, 'push'],
      ['docs', one, 'push'],
    ].sort(),
  );
  expect((await outcomes()).slice(2).sort()).toEqual([
    ['docs', 'accepted', null],
    ['docs', 'skipped', 'nothing changed under docs'],
    ['shop', 'skipped', 'nothing changed under apps/shop'],
    ['shop', 'skipped', 'nothing changed under apps/shop'],
  ]);
  await pushes.wakeUpAfter(10 * MINUTE);
  expect(await deployed()).toHaveLength(3);
});

test('configured watch paths replace the root directory', async () => {
  await connect({ rootDirectory: 'docs', watchPaths: ['*.md', 'theme'] });
  await pushes.push('Under the root', await inFolders({ docs: fresh() }));
  await pushes.ageWhatIsKnown();
  const sha = await pushes.push('Under what is watched', { 'README.md': fresh() });
  expect(await deployed()).toEqual([['blog', sha, 'push']]);
  expect(await outcomes()).toEqual([
    ['blog', 'skipped', 'nothing changed that the project watches'],
    ['blog', 'accepted', null],
  ]);
});

test('a push without relevant changes is deployed all the same when the previous one was lost', async () => {
  await connect({ rootDirectory: 'docs' });
  pushes.setReachable(false);
  await pushes.push('Lost', await inFolders({ docs: fresh() }));
  pushes.setReachable(true);
  const sha = await pushes.push('Elsewhere', { 'index.html': fresh() });
  expect(await deployed()).toEqual([['blog', sha, 'push']]);
});

/** Adds a page to each of these folders of the working copy. */
async function inFolders(pages: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  for (const folder of Object.keys(pages)) {
    await mkdir(path.join(pushes.github.checkout.directory, folder), { recursive: true });
  }
  return Object.fromEntries(Object.entries(pages).map(([folder, content]) => [`${folder}/page.md`, content]));
}
