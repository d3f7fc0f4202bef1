import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type PushesUnderTest, startPushesUnderTest } from '../../tests/database/pushes-under-test.ts';
import { PATIENCE } from '../../tests/patience.ts';

const MINUTE = 60;

let pushes: PushesUnderTest;

beforeAll(async () => {
  pushes = await startPushesUnderTest({ commitMs: 1000, answerMs: 2000 });
});
beforeEach(() => pushes.empty());
afterAll(() => pushes.close());

const deployed = async () => (await pushes.deployments()).map(({ commitSha, trigger }) => [commitSha, trigger]);
const outcomes = async () => (await pushes.received()).map(({ afterSha, outcome }) => [afterSha, outcome]);

/** A push while somebody holds the lock of its environment for longer than intake has time. */
async function pushTooLate() {
  const site = await pushes.connect();
  await pushes.wakeUpAfter(MINUTE);
  await pushes.ageWhatIsKnown();
  const known = await deployed();
  const hook = (await pushes.stored.store.projects.find(site.project.id))?.githubHookId;
  const answers = async () => {
    const list = await pushes.github.github.api(`/repos/you/site/hooks/${hook}/deliveries?per_page=100`);
    const deliveries = (await list.json()) as { readonly event: string; readonly status: string }[];
    return deliveries.filter(({ event }) => event === 'push').map(({ status }) => status);
  };
  const sha = await pushes.stored.store.transaction(async ({ environments }) => {
    await environments.lock(site.environment.id);
    const pushed = await pushes.push('late', { 'index.html': `page of ${known.length}` });
    await vi.waitUntil(async () => (await answers()).length === 1, PATIENCE);
    return pushed;
  });
  expect(await answers()).toEqual(['Invalid HTTP Response: 503']);
  expect([await deployed(), await outcomes()]).toEqual([known, []]);
  return { known, sha, answers };
}

test('a push that was answered 503 because its time was up is redelivered, and taken once', async () => {
  const { known, sha, answers } = await pushTooLate();
  await pushes.wakeUpAfter(5 * MINUTE);
  await vi.waitUntil(async () => (await answers()).length === 2, PATIENCE);
  expect(await outcomes()).toEqual([[sha, 'accepted']]);
  await pushes.wakeUpAfter(10 * MINUTE);
  expect(await deployed()).toEqual([...known, [sha, 'push']]);
});

test('when nobody redelivers it the next branch sync finds it, and takes it once', async () => {
  const { known, sha } = await pushTooLate();
  pushes.setReachable(false);
  await pushes.wakeUpAfter(10 * MINUTE);
  expect(await deployed()).toEqual([...known, [sha, 'reconcile']]);
  pushes.setReachable(true);
  await pushes.wakeUpAfter(10 * MINUTE);
  expect(await deployed()).toEqual([...known, [sha, 'reconcile']]);
});
