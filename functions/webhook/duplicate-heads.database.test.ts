import { sql } from '@miaobu/shared/db/sql';
import { queueDeployment } from '@miaobu/shared/model/deployment/queue-deployment';
import { queueHead } from '@miaobu/shared/model/deployment/queue-head';
import { beforeEach, expect, test } from 'vitest';
import { commit, eachTestHasAHookedProject, push } from '../../tests/database/hooked-project.ts';
import { webhookUnderTest } from '../../tests/database/webhook-under-test.ts';

const hooked = eachTestHasAHookedProject();

let deliver: ReturnType<typeof webhookUnderTest>['deliver'];
let requests = 0;

beforeEach(() => {
  ({ deliver } = webhookUnderTest(hooked.stored));
});

/** What a user requests, of this commit. */
async function request(name: string, of: 'a commit' | 'a redeployment' | 'the head', pushedAt = 0) {
  requests += 1;
  const dedupeKey = `manual:${requests}`;
  const wanted = { project: hooked.site.project, dedupeKey, requestId: 'request-of-a-user' } as const;
  const is = { sha: commit(name), message: null, author: null };
  await hooked.stored.store.transaction(async (repositories) => {
    const environment = await repositories.environments.lock(hooked.site.production.id);
    return of === 'the head'
      ? queueHead(repositories, 'api', { ...wanted, environment, head: { commit: is, pushedAt }, trigger: 'manual' })
      : queueDeployment(repositories, 'api', {
          ...wanted,
          environment,
          commit: is,
          fromHead: false,
          trigger: of === 'a commit' ? 'manual' : 'redeploy',
        });
  });
}
const deployments = async () =>
  (
    await hooked.stored.db.query<{ commitSha: string; trigger: string; status: string }>(
      sql`select commit_sha, trigger, status from deployments order by seq`,
    )
  ).map(({ commitSha, trigger, status }) => [commitSha, trigger, status]);
const fail = () => hooked.stored.db.query(sql`update deployments set status = 'failed' where status = 'queued'`);

test.each([
  ['by an instance that knows the branch', true],
  ['by another instance', false],
])(
  'a pushed commit that was requested by hand before is queued as a head, %s: what is redeployed afterwards leaves it in its place',
  async (_, isKnown) => {
    await deliver(hooked.site, push('old', 1000));
    await request('x', 'a commit');
    if (!isKnown) ({ deliver } = webhookUnderTest(hooked.stored));
    expect((await deliver(hooked.site, push('x', 1001))).body.data?.outcome).toBe('accepted');
    await request('old', 'a redeployment');
    expect(await deployments()).toEqual([
      [commit('old'), 'push', 'cancelled'],
      [commit('x'), 'manual', 'cancelled'],
      [commit('x'), 'push', 'queued'],
      [commit('old'), 'redeploy', 'queued'],
    ]);
    const { store } = hooked.stored;
    expect((await store.deployments.findNewestOfBranch(hooked.site.production.id))?.commitSha).toBe(commit('x'));
  },
);

test('a push of the head that is queued already is not queued again, whatever was requested in between', async () => {
  await request('x', 'the head', 1000);
  await request('old', 'a redeployment');
  const { body } = await deliver(hooked.site, push('x', 1001));
  expect(body.data).toMatchObject({
    outcome: 'duplicate_head',
    note: 'the newest deployment of the branch is of this commit',
  });
  expect((await deployments()).map(([, , status]) => status)).toEqual(['queued', 'queued']);
});

test('a late delivery of a head that was deployed and failed does not retry it over what was requested since', async () => {
  await request('x', 'the head', 1000);
  await fail();
  await request('old', 'a redeployment');
  expect((await deliver(hooked.site, push('x', 1000))).body.data?.outcome).toBe('duplicate_head');
  expect((await deployments()).map(([, , status]) => status)).toEqual(['failed', 'queued']);
});

test('a push of a commit that only another branch has deployed is queued', async () => {
  await deliver(hooked.site, push('x', 1000));
  await hooked.stored.store.environments.change(hooked.site.production.id, { branch: 'release' });
  await hooked.stored.store.environments.change(hooked.site.production.id, { branch: 'main' });
  expect((await deliver(hooked.site, push('x', 1001))).body.data?.outcome).toBe('accepted');
});
