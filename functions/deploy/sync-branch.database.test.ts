import { sql } from '@miaobu/shared/db/sql';
import { branchSyncMessage } from '@miaobu/shared/model/environment/branch-sync-message';
import { changeBranch } from '@miaobu/shared/model/environment/change-branch';
import type { CodeHost } from '@miaobu/shared/ports/code-host';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { workerUnderTest } from '../../tests/database/deploy-under-test.ts';
import { eachTestHasGithub } from '../../tests/database/github-under-test.ts';
import {
  openTestStore,
  prepareSite,
  queueTestDeployment,
  type Site,
  type TestStore,
} from '../../tests/database/prepare-deployment.ts';
import { syncBranch } from './sync-branch.ts';

let stored: TestStore;
const github = eachTestHasGithub();
let site: Site;
let head: string;
let commits = 0;

beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  await stored.empty();
  head = await push();
  site = await prepareSite(stored, { githubRepositoryId: await repositoryId() });
});
afterAll(async () => {
  await stored.close();
});

async function repositoryId(): Promise<number> {
  const repository = await github.codeHost.getRepository('token-of-you', 'you/site');
  if (!repository) throw new Error('nothing was pushed');
  return repository.id;
}
async function push(): Promise<string> {
  commits += 1;
  const sha = await github.checkout.commit(`commit ${commits}`, { 'index.html': `page ${commits}` });
  await github.checkout.git('push', 'origin', 'main');
  return sha;
}
/** Records and queues a head, as a push does. */
async function accept(sha: string, pushedAt = 1): Promise<string> {
  await stored.store.environments.rememberHead(site.environment.id, { sha, pushedAt });
  await queueTestDeployment(stored, site, sha);
  return sha;
}
const work = (codeHost: CodeHost = github.codeHost) =>
  workerUnderTest(stored)({ 'branch.sync': syncBranch({ ...stored, codeHost }) });
const ask = (of = site) => stored.store.enqueue(branchSyncMessage(of.environment.id, 'request-of-the-timer'));
const newest = () => stored.store.deployments.findNewest(site.environment.id);
const countOf = async () => (await stored.environment(site.environment.id)).nextSeq - 1;

test('a head without any delivery is deployed', async () => {
  await ask();
  await work();
  expect(await newest()).toMatchObject({
    commitSha: head,
    trigger: 'reconcile',
    status: 'queued',
    branch: 'main',
    commitMessage: `commit ${commits}`,
    commitAuthor: 'you',
    requestId: 'request-of-the-timer',
  });
  expect(await stored.messages('build.start')).toMatchObject([{ state: 'pending' }]);
});

test('a head that is the newest deployment’s commit is deployed once, however often the branch is synced', async () => {
  await accept(head);
  for (const _ of [1, 2]) {
    await ask();
    await work();
  }
  expect(await countOf()).toBe(1);
});

test('a branch moved back is deployed again although its commit has an older deployment', async () => {
  await accept(head);
  await accept(await push());
  await github.checkout.git('reset', '--quiet', '--hard', head);
  await github.checkout.git('push', '--quiet', '--force', 'origin', 'main');
  await ask();
  await work();
  expect([await countOf(), await newest()]).toMatchObject([3, { commitSha: head, trigger: 'reconcile' }]);
});

test('a missing branch deploys nothing', async () => {
  await stored.empty();
  const project = await prepareSite(stored, { repository: 'you/nothing-here' });
  site = project;
  await ask();
  await work();
  expect([await countOf(), await stored.messages('branch.sync')]).toMatchObject([0, [{ state: 'done' }]]);
});

test('text that Postgres cannot store does not prevent a commit from being deployed', async () => {
  await ask();
  await work({
    ...github.codeHost,
    async getBranchHead(...question) {
      const answer = await github.codeHost.getBranchHead(...question);
      return answer && { ...answer, message: 'nul\0and \ud83d', authorLogin: 'y\0ou' };
    },
  });
  expect(await newest()).toMatchObject({
    commitSha: head,
    commitMessage: 'nul\ufffdand \ufffd',
    commitAuthor: 'y\ufffdou',
  });
});

test('a branch is synced again soon after a head was found', async () => {
  await ask();
  await work();
  expect(await stored.messages('branch.sync')).toMatchObject([{ state: 'done' }, { state: 'pending' }]);
  await stored.moveClock(45);
  await work();
  expect(await stored.messages('branch.sync')).toMatchObject([{ state: 'done' }, { state: 'done' }]);
  expect(await countOf()).toBe(1);
});

test('an unchanged head soon after a push is fetched again: it may be from before the next push', async () => {
  await accept(head);
  const old = await snapshot();
  const hidden = await push();
  await ask();
  await work(old);
  expect(await countOf()).toBe(1);
  await stored.moveClock(45);
  await work();
  expect([await countOf(), (await newest())?.commitSha]).toEqual([2, hidden]);
});

/** GitHub frozen at its present answers. */
async function snapshot(): Promise<CodeHost> {
  const branch = await github.codeHost.getBranchHead('token-of-you', 'you/site', 'main');
  const repository = await github.codeHost.getRepository('token-of-you', 'you/site');
  return { ...github.codeHost, getBranchHead: async () => branch, getRepository: async () => repository };
}

/** A push that GitHub delivered and dated a second later than its present answers show. */
async function takePush(): Promise<string> {
  const repository = await github.codeHost.getRepository('token-of-you', 'you/site');
  const pushedAt = (repository?.pushedAt?.getTime() ?? 0) / 1000 + 1;
  return accept(await push(), pushedAt);
}

test('a head older than a push that GitHub itself has delivered is not trusted, and the branch synced again', async () => {
  const old = await snapshot();
  const sha = await takePush();
  await ask();
  await work(old);
  expect([await countOf(), (await newest())?.commitSha]).toEqual([1, sha]);
  expect(await stored.messages('branch.sync')).toMatchObject([{ state: 'done' }, { state: 'pending' }]);
  await stored.moveClock(30);
  await work();
  expect([await countOf(), (await newest())?.commitSha]).toEqual([1, sha]);
});

test("a head that GitHub still reports ten minutes after a push is trusted: the push's time is wrong", async () => {
  const lasting = await snapshot();
  await takePush();
  await stored.moveClock(600);
  await ask();
  await work(lasting);
  expect([await countOf(), await newest()]).toMatchObject([2, { commitSha: head, trigger: 'reconcile' }]);
});

test.each([
  ['deployed', (sha: string) => accept(sha)],
  [
    'skipped',
    async (sha: string) => {
      await stored.store.environments.rememberHead(site.environment.id, { sha, pushedAt: 1 });
      await stored.store.environments.rememberSkipped(site.environment.id, { sha, changes: false });
    },
  ],
])('an answer overtaken by a %s push is discarded, and the branch synced again', async (_, take) => {
  let answers = 0;
  await ask();
  // The test's own port: the push has to come between the last answer and the conclusion.
  await work({
    ...github.codeHost,
    async getBranchHead(...question) {
      const answer = await github.codeHost.getBranchHead(...question);
      answers += 1;
      if (answers === 2) await take(await push());
      return answer;
    },
  });
  expect(answers).toBe(3);
  const deployments = await stored.db.query<{ trigger: string; commitSha: string }>(
    sql`select trigger, commit_sha from deployments where commit_sha = ${head} or trigger = 'reconcile'`,
  );
  expect(deployments).toEqual([]);
});

test('an outage of GitHub is waited for', async () => {
  github.faults.inject({ service: 'github', times: 2, fault: { kind: 'error', status: 503 } });
  await ask();
  await work();
  expect((await newest())?.commitSha).toBe(head);
});

test('an invalid token deploys nothing and is not retried', async () => {
  await stored.empty();
  site = await prepareSite(stored, { githubToken: 'revoked' });
  await ask();
  await work();
  expect(await countOf()).toBe(0);
  const [message] = await stored.messages('branch.sync');
  expect(message).toMatchObject({ attempts: 1 });
  expect(message?.state).not.toBe('pending');
});

/** Moves the environment to the branch `release`, whose head is this commit on top of `main`, as a user does. */
async function moveToRelease(): Promise<void> {
  await github.checkout.git('push', '--quiet', '--force', 'origin', 'HEAD:release');
  await stored.store.transaction(async (repositories) =>
    changeBranch(
      repositories,
      await repositories.environments.lock(site.environment.id),
      'release',
      'request-of-a-user',
    ),
  );
  await work();
}

test.each([
  ['asks to be skipped', 'chore(release) [skip ci]'],
  ['is the head of the other branch, which was deployed', undefined],
])('an environment that is moved to another branch is deployed, although the head of that %s', async (_, message) => {
  await accept(head);
  const released = message === undefined ? head : await github.checkout.commit(message, { 'index.html': 'released' });
  await moveToRelease();
  expect([await countOf(), await newest()]).toMatchObject([2, { commitSha: released, branch: 'release' }]);
  await ask();
  await work();
  expect(await countOf()).toBe(2);
});

test('a merge that asks to be skipped is deployed: what it merges may have been pushed before', async () => {
  await accept(head);
  await github.checkout.git('checkout', '--quiet', '-b', 'feature');
  await github.checkout.commit('on the feature', { 'feature.html': 'new' });
  await github.checkout.git('checkout', '--quiet', 'main');
  await github.checkout.git('merge', '--quiet', '--no-ff', '--message', 'Merge it [skip ci]', 'feature');
  await github.checkout.git('branch', '--quiet', '--delete', '--force', 'feature');
  await github.checkout.git('push', '--quiet', 'origin', 'main');
  await ask();
  await work();
  expect([await countOf(), await newest()]).toMatchObject([2, { commitMessage: 'Merge it [skip ci]' }]);
});
