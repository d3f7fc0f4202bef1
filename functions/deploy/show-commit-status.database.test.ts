import { sql } from '@miaobu/shared/db/sql';
import { triesOfTopics } from '@miaobu/shared/model/outbox/tries-of-topics';
import { siteAddress } from '@miaobu/shared/model/project/site-address';
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
import { showCommitStatus } from './show-commit-status.ts';

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
  site = await prepareSite(stored);
  head = await push();
});
afterAll(async () => {
  await stored.close();
});

async function push(): Promise<string> {
  commits += 1;
  const sha = await github.checkout.commit(`commit ${commits}`, { 'index.html': `page ${commits}` });
  await github.checkout.git('push', '--quiet', 'origin', 'main');
  return sha;
}
const work = () =>
  workerUnderTest(stored)({
    'commit.status': showCommitStatus({
      ...stored,
      codeHost: github.codeHost,
      address: siteAddress('https://sites.example'),
    }),
  });
type Status = {
  readonly state: string;
  readonly context: string;
  readonly description: string;
  readonly target_url: string | null;
};
/** The statuses GitHub received for a commit, oldest first. */
const statuses = async (sha = head) => {
  const answer = await github.github.api(`/repos/you/site/commits/${sha}/statuses?per_page=100`);
  return ((await answer.json()) as Status[]).reverse();
};
const states = async (sha = head) => (await statuses(sha)).map(({ state }) => state);
const move = (id: string, to: 'deploying' | 'deployed' | 'failed' | 'cancelled', set = {}) =>
  stored.store.transaction(async ({ deployments }) => {
    if (to === 'deployed') await stored.db.query(sql`update deployments set status = 'deploying' where id = ${id}`);
    await deployments.move(id, { to, by: 'deploy', requestId: 'test', set });
  });

test('a commit is pending when its deployment is queued, and a success with the site’s address when it is deployed', async () => {
  const { id } = await queueTestDeployment(stored, site, head);
  await work();
  expect(await statuses()).toMatchObject([{ state: 'pending', context: 'miaobu/blog', target_url: null }]);
  await move(id, 'deployed');
  await work();
  expect((await statuses()).slice(1)).toMatchObject([
    { state: 'success', context: 'miaobu/blog', description: 'Deployed', target_url: 'https://blog.sites.example/' },
  ]);
});

test.each(['failed', 'cancelled'] as const)('a deployment that is %s is a failure with the reason', async (to) => {
  const { id } = await queueTestDeployment(stored, site, head);
  await work();
  await move(id, to, { reason: 'user', reasonMessage: 'Somebody\nwanted it.' });
  await work();
  expect(await statuses()).toMatchObject([{ state: 'pending' }, { state: 'failure', description: 'Somebody' }]);
});

test('a newer push ends the pending status of what it replaces', async () => {
  await queueTestDeployment(stored, site, head);
  await work();
  const newer = await push();
  await queueTestDeployment(stored, site, newer);
  await work();
  expect([await states(head), await states(newer)]).toEqual([['pending', 'failure'], ['pending']]);
});

test('a series of moves is reported once, with its final result', async () => {
  const { id } = await queueTestDeployment(stored, site, head);
  await move(id, 'deployed');
  await work();
  expect(await states()).toEqual(['success']);
});

test('of several deployments of one commit the newest is shown, even when an older one ends later', async () => {
  const older = await queueTestDeployment(stored, site, head);
  await stored.db.query(sql`
    update deployments set status = 'building', dedupe_key = 'older' where id = ${older.id}`);
  const newer = await queueTestDeployment(stored, site, head);
  await move(newer.id, 'deployed');
  await work();
  await move(older.id, 'failed', { reason: 'build_failed', reasonMessage: 'It broke.' });
  await work();
  expect((await states()).at(-1)).toBe('success');
  expect(await states()).not.toContain('failure');
});

test('two projects of one repository have separate statuses', async () => {
  const docs = await prepareSite(stored, { slug: 'docs' });
  await queueTestDeployment(stored, site, head);
  await queueTestDeployment(stored, docs, head);
  await work();
  expect((await statuses()).map(({ context }) => context).sort()).toEqual(['miaobu/blog', 'miaobu/docs']);
});

test('without a token nothing is shown, and nothing fails', async () => {
  await stored.db.query(sql`update users set github_token_sealed = null`);
  await queueTestDeployment(stored, site, head);
  await work();
  expect(await stored.messages('commit.status')).toMatchObject([{ state: 'done', attempts: 1 }]);
  expect(await statuses()).toEqual([]);
});

test.each([
  ['refuses', 403, 1],
  ['does not answer', 502, triesOfTopics['commit.status']],
])('when GitHub %s the status is dropped, and the deployment continues', async (_, status, attempts) => {
  github.faults.inject({ service: 'github', fault: { kind: 'error', status } });
  const { id } = await queueTestDeployment(stored, site, head);
  for (let n = 0; n < attempts; n++) {
    await work();
    await stored.moveClock(600);
  }
  await work();
  expect(await stored.messages('commit.status')).toMatchObject([{ state: 'done', attempts }]);
  expect(await stored.deployment(id)).toMatchObject({ status: 'queued', reason: null });
  expect(await stored.messages('alert.send')).toEqual([]);
});

test('a deployment’s end and its status message are committed together, or neither', async () => {
  const { id } = await queueTestDeployment(stored, site, head);
  await work();
  const undone = stored.store.transaction(async ({ deployments }) => {
    await deployments.move(id, { to: 'cancelled', by: 'deploy', requestId: 'test', set: { reason: 'user' } });
    throw new Error('undone');
  });
  await expect(undone).rejects.toThrow('undone');
  await work();
  expect([await states(), await stored.messages('commit.status')]).toMatchObject([['pending'], [{ state: 'done' }]]);
});
