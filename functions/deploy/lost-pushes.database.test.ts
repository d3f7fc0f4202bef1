import { sql } from '@miaobu/shared/db/sql';
import { queueDeployment } from '@miaobu/shared/model/deployment/queue-deployment';
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

/** A page unlike any before. */
const page = () => {
  counter += 1;
  return { 'index.html': `page ${counter}` };
};
const deployed = async () => (await pushes.deployments()).map(({ commitSha, trigger }) => [commitSha, trigger]);
const outcomes = async () => (await pushes.received()).map(({ afterSha, outcome }) => [afterSha, outcome]);
/** Waits for deliveries that GitHub sends asynchronously. */
const untilReceived = (count: number) => vi.waitUntil(async () => (await pushes.received()).length >= count, PATIENCE);
const hookOf = async (projectId: string) => (await pushes.stored.store.projects.find(projectId))?.githubHookId;
const attemptsAt = async (hook: number | null | undefined) => {
  const answer = await pushes.github.github.api(`/repos/you/site/hooks/${hook}/deliveries?per_page=100`);
  return ((await answer.json()) as { event: string; status: string }[]).filter(({ event }) => event === 'push');
};

test('a push whose delivery never came is deployed by the next branch sync, ten minutes later at most', async () => {
  await pushes.connect();
  // The head that was found gets one follow-up sync.
  await pushes.wakeUpAfter(MINUTE);
  const known = await deployed();
  pushes.setReachable(false);
  const lost = await pushes.push('lost', page());
  await pushes.wakeUpAfter(4 * MINUTE);
  expect(await deployed()).toEqual(known);
  await pushes.wakeUpAfter(6 * MINUTE);
  expect(await deployed()).toEqual([...known, [lost, 'reconcile']]);
  await pushes.wakeUpAfter(10 * MINUTE);
  expect(await deployed()).toHaveLength(known.length + 1);
});

test.each([
  ['as they come', true],
  ['and no delivery comes', false],
])('A, B and a force push back to A, %s: A is deployed in the end', async (_, reachable) => {
  const a = await pushes.push('A', page());
  await pushes.connect();
  pushes.setReachable(reachable);
  const b = await pushes.push('B', page());
  await pushes.wakeUpAfter(10 * MINUTE);
  await pushes.github.checkout.git('reset', '--quiet', '--hard', a);
  await pushes.github.checkout.git('push', '--quiet', '--force', 'origin', 'HEAD:main');
  // Within one second GitHub's times do not tell which push was last; the branch is synced.
  await pushes.wakeUpAfter(10 * MINUTE);
  const commits = (await deployed()).map(([commit]) => commit);
  expect([commits[0], commits.at(-1), commits.includes(b)]).toEqual([a, a, true]);
});

test('soon after a push its branch is synced: the next delivery may have been lost', async () => {
  await pushes.connect();
  await pushes.push('delivered', page());
  pushes.setReachable(false);
  const lost = await pushes.push('lost', page());
  await pushes.wakeUpAfter(45);
  expect((await deployed()).at(-1)).toEqual([lost, 'reconcile']);
});

test('a failed delivery is redelivered, handled once, and not requested any more', async () => {
  const site = await pushes.connect();
  await pushes.wakeUpAfter(0);
  await pushes.ageWhatIsKnown();
  const known = await deployed();
  pushes.setReachable(false);
  const sha = await pushes.push('refused', page());
  expect(await outcomes()).toEqual([]);
  pushes.setReachable(true);
  await pushes.wakeUpAfter(5 * MINUTE);
  await untilReceived(1);
  expect(await outcomes()).toEqual([[sha, 'accepted']]);
  expect(await deployed()).toEqual([...known, [sha, 'push']]);

  const hook = await hookOf(site.project.id);
  const sent = async () => (await attemptsAt(hook)).map(({ status }) => status);
  await vi.waitUntil(async () => (await sent()).length === 2, PATIENCE);
  await pushes.wakeUpAfter(5 * MINUTE);
  expect(await sent()).toEqual(['OK', 'Invalid HTTP Response: 503']);
  expect(await deployed()).toHaveLength(known.length + 1);
});

test('pushes found by a sync are not deployed again, nor out of order, when their deliveries arrive after all', async () => {
  await pushes.connect();
  const known = await deployed();
  pushes.setReachable(false);
  const older = await pushes.push('older', page());
  const newer = await pushes.push('newer', page());
  await pushes.wakeUpAfter(10 * MINUTE);
  expect(await deployed()).toEqual([...known, [newer, 'reconcile']]);
  pushes.setReachable(true);
  await pushes.wakeUpAfter(5 * MINUTE);
  await untilReceived(2);
  expect(await outcomes()).toEqual([
    [older, 'stale'],
    [newer, 'duplicate_head'],
  ]);
  await pushes.wakeUpAfter(10 * MINUTE);
  expect(await deployed()).toEqual([...known, [newer, 'reconcile']]);
});

test('one round requests the five deliveries tried longest ago, and the next the rest', async () => {
  const site = await pushes.connect();
  await pushes.wakeUpAfter(0);
  pushes.setReachable(false);
  const shas = [];
  for (let n = 0; n < 7; n++) shas.push(await pushes.push(`push ${n}`, page()));
  pushes.setReachable(true);
  await pushes.wakeUpAfter(5 * MINUTE);
  await untilReceived(5);
  const hook = await hookOf(site.project.id);
  await vi.waitUntil(async () => (await attemptsAt(hook)).length === 12, PATIENCE);
  expect((await outcomes()).map(([sha]) => sha)).toEqual(shas.slice(0, 5));
  await pushes.wakeUpAfter(5 * MINUTE);
  await untilReceived(7);
  expect((await outcomes()).map(([sha]) => sha)).toEqual(shas);
  expect((await deployed()).at(-1)?.[0]).toBe(shas.at(-1));
});

test('another repository that has taken over the project’s repository name is never deployed', async () => {
  const site = await pushes.connect();
  const known = await deployed();
  await pushes.stored.db.query(sql`update projects set github_repository_id = 1 where id = ${site.project.id}`);
  await pushes.push('foreign', page());
  await pushes.wakeUpAfter(10 * MINUTE);
  expect(await deployed()).toEqual(known);
});

test.each([
  ['deployed', ''],
  ['skipped', 'docs'],
])('a redeployed older commit stays, although the branch’s head was %s', async (_, rootDirectory) => {
  const site = await pushes.connect({ rootDirectory });
  await pushes.ageWhatIsKnown();
  const [first] = await pushes.deployments();
  await pushes.push('Work on it', page());
  await pushes.stored.store.transaction(async (repositories) =>
    queueDeployment(repositories, 'api', {
      project: site.project,
      environment: await repositories.environments.lock(site.environment.id),
      commit: { sha: first?.commitSha ?? '', message: null, author: null },
      trigger: 'redeploy',
      dedupeKey: 'manual:once-more',
      requestId: 'test',
    }),
  );
  await pushes.wakeUpAfter(10 * MINUTE);
  expect((await deployed()).at(-1)).toEqual([first?.commitSha, 'redeploy']);
});
