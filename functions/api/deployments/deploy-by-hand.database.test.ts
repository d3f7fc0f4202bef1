import { sql } from '@miaobu/shared/db/sql';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { workerUnderTest } from '../../../tests/database/deploy-under-test.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { syncBranch } from '../../deploy/sync-branch.ts';

const HEAD = 'a'.repeat(40);
const NEXT = 'b'.repeat(40);
const OLD = 'c'.repeat(40);

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;
let imported: string;

const params = { project: 'site' };

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own);
  ada = await api.signUp('ada');
  const branches = { main: HEAD, next: NEXT };
  api.codeHost.repositories.push({ id: 1, fullName: 'ada/site', branches, commits: [OLD], visibleTo: ['github-ada'] });
  imported = (await ada.client('createProject', { body: { repo: 'ada/site' } })).data.deployment.id;
  await own.db.query(sql`delete from outbox`);
});
afterAll(() => own.close());

type Body = Parameters<typeof ada.client<'createDeployment'>>[1]['body'];
const deploy = async (body: Body = {}) => (await ada.client('createDeployment', { params, body })).data;
const uuidOf = (shown: string) => readId('deployment', shown) ?? '';
const topics = async () => (await own.messages()).map(({ topic }) => topic);
const finish = (status: string) => own.db.query(sql`update deployments set status = ${status}, finished_at = db_now()`);

test('by default the head of production is deployed', async () => {
  expect(await deploy()).toMatchObject({
    environment: 'production',
    status: 'queued',
    trigger: 'manual',
    branch: 'main',
    commit_sha: HEAD,
    commit_message: 'Work on main',
  });
  expect(await topics()).toContain('build.start');
  expect(api.rings).toHaveLength(2);
  expect((await ada.client('getDeployment', { params: { ...params, deployment: imported } })).data.reason).toBe(
    'superseded',
  );
});

test('a branch is deployed to the environment that follows it, else to production', async () => {
  expect(await deploy({ branch: 'next' })).toMatchObject({
    environment: 'production',
    branch: 'next',
    commit_sha: NEXT,
  });
  await ada.client('createEnvironment', { params, body: { name: 'staging', branch: 'next' } });
  expect(await deploy({ branch: 'next' })).toMatchObject({ environment: 'staging', commit_sha: NEXT });
  expect(await deploy({ branch: 'main' })).toMatchObject({ environment: 'production' });
  expect(await deploy({ branch: 'next', environment: 'production' })).toMatchObject({ environment: 'production' });
});

test('a commit is deployed if the repository has it', async () => {
  expect(await deploy({ commit_sha: OLD })).toMatchObject({ commit_sha: OLD, branch: 'main' });
  const messages = await own.messages();
  await expect(deploy({ commit_sha: 'd'.repeat(40) })).rejects.toMatchObject({ status: 422, code: 'commit_not_found' });
  await expect(deploy({ branch: 'gone' })).rejects.toMatchObject({ status: 422, code: 'branch_not_found' });
  await expect(deploy({ environment: 'staging' })).rejects.toMatchObject({ status: 404 });
  await expect(deploy({ branch: 'next', commit_sha: OLD })).rejects.toMatchObject({ status: 422 });
  await expect(deploy({ commit_sha: 'abc' })).rejects.toMatchObject({ status: 422 });
  expect(await own.messages()).toEqual(messages);
});

test('another repository that has taken over the name is not deployed', async () => {
  const [repository] = api.codeHost.repositories.splice(0);
  if (repository) api.codeHost.repositories.push({ ...repository, id: 99 });
  await expect(deploy()).rejects.toMatchObject({ status: 404, code: 'repository_not_found' });
});

test('a commit deployed manually is not a head: the branch is neither deployed over it nor forgotten', async () => {
  const { id } = await deploy({ commit_sha: OLD });
  await finish('deployed');
  const production = await own.store.environments.findByName(
    (await own.deployment(uuidOf(id))).projectId,
    'production',
  );
  if (!production) throw new Error('there is no production');
  const work = async () => {
    await own.store.enqueue({
      topic: 'branch.sync',
      lane: `environment:${production.id}`,
      dedupeKey: `branch.sync:${production.id}`,
      payload: { environment_id: production.id },
      requestId: 'test',
    });
    await workerUnderTest(own)({ 'branch.sync': syncBranch({ ...own, codeHost: api.codeHost }) });
    return (await own.store.deployments.findNewest(production.id))?.commitSha;
  };
  expect(await work()).toBe(OLD);
  const [repository] = api.codeHost.repositories.splice(0);
  if (repository) api.codeHost.repositories.push({ ...repository, branches: { main: NEXT } });
  expect(await work()).toBe(NEXT);
});

test.each(['deployed', 'failed', 'cancelled', 'purged'])(
  'what is %s is built again, with the current settings',
  async (status) => {
    await finish(status);
    await ada.client('updateProject', { params, body: { build_command: 'make it' } });
    const { data } = await ada.client('redeployDeployment', { params: { ...params, deployment: imported }, body: {} });
    expect(data).toMatchObject({ trigger: 'redeploy', commit_sha: HEAD, status: 'queued', branch: 'main' });
    expect((await own.deployment(uuidOf(data.id))).settings.build_command).toBe('make it');
    expect((await own.deployment(uuidOf(imported))).settings.build_command).toBeNull();
  },
);

test('manual deployments are in the audit log, and in the history of the deployment', async () => {
  const { id } = await deploy();
  const { data } = await ada.client('listDeploymentEvents', { params: { ...params, deployment: id } });
  expect(data.map(({ kind, to_status, by }) => [kind, to_status, by])).toEqual([
    ['moved', 'queued', 'api'],
    ['deployment.requested', null, showId('user', ada.user.id)],
  ]);
});

test('the history of a deployment is read in pages, oldest first', async () => {
  const deployment = imported;
  await own.store.deployments.move(uuidOf(imported), { to: 'cloning', by: 'build-callback', requestId: 'run' });
  await own.store.deployments.move(uuidOf(imported), { to: 'failed', by: 'deploy', requestId: 'run', note: 'why' });
  const seen: unknown[] = [];
  let cursor: string | undefined;
  do {
    const page = await ada.client('listDeploymentEvents', {
      params: { ...params, deployment },
      query: { limit: 1, cursor },
    });
    seen.push(...page.data.map(({ from_status, to_status, note }) => [from_status, to_status, note]));
    cursor = page.meta.next_cursor ?? undefined;
  } while (cursor !== undefined);
  expect(seen.slice(0, 3)).toEqual([
    [null, 'queued', null],
    ['queued', 'cloning', null],
    ['cloning', 'failed', 'why'],
  ]);
});

test('a pinned deployment is kept however old it gets, until it is unpinned', async () => {
  await finish('deployed');
  const id = uuidOf(imported);
  const at = { params: { ...params, deployment: imported } };
  const { environmentId } = await own.deployment(id);
  expect(await own.store.deploymentRetention.listPurgeable(environmentId, 0, -1)).toEqual([{ id }]);
  expect((await ada.client('pinDeployment', at)).data.pinned).toBe(true);
  expect((await ada.client('pinDeployment', at)).data.pinned).toBe(true);
  expect(await own.store.deploymentRetention.listPurgeable(environmentId, 0, -1)).toEqual([]);
  expect((await ada.client('unpinDeployment', at)).data.pinned).toBe(false);
  expect(await own.store.deploymentRetention.listPurgeable(environmentId, 0, -1)).toEqual([{ id }]);
  const actions = await own.db.query<{ action: string }>(
    sql`select action from audit_log where subject = ${imported} and action like '%pinned' order by id`,
  );
  expect(actions.map(({ action }) => action)).toEqual(['deployment.pinned', 'deployment.unpinned']);
});

test.each([
  ['purged', 'deployment_purged'],
  ['purging', 'deployment_purged'],
  ['building', 'deployment_state_conflict'],
  ['failed', 'deployment_state_conflict'],
])('what is %s cannot be pinned: 409 %s', async (status, code) => {
  await finish(status);
  const pinning = ada.client('pinDeployment', { params: { ...params, deployment: imported } });
  await expect(pinning).rejects.toMatchObject({ status: 409, code });
});

test('a list is filtered by the query, and paged', async () => {
  await finish('failed');
  await ada.client('createEnvironment', { params, body: { name: 'staging', branch: 'next' } });
  const staged = await ada.client('listDeployments', { params, query: { environment: 'staging' } });
  const old = await deploy({ commit_sha: OLD });
  const list = async (query: Record<string, string>) => {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await ada.client('listDeployments', { params, query: { ...query, limit: 1, cursor } });
      found.push(...page.data.map(({ id }) => id));
      cursor = page.meta.next_cursor ?? undefined;
    } while (cursor !== undefined);
    return found;
  };
  const [staging = ''] = staged.data.map(({ id }) => id);
  expect(staged.data).toHaveLength(1);
  expect(await list({ environment: 'production' })).toEqual([old.id, imported]);
  expect(await list({ environment: 'nothing' })).toEqual([]);
  expect(await list({ status: 'failed' })).toEqual([imported]);
  expect(await list({ branch: 'next' })).toEqual([staging]);
  expect(await list({ commit: OLD })).toEqual([old.id]);
  expect(await list({ trigger: 'import' })).toEqual([imported]);
  expect(await list({ trigger: 'manual' })).toEqual([old.id, staging]);
  expect(await list({ trigger: 'manual', environment: 'staging', status: 'queued' })).toEqual([staging]);
  await own.db.query(sql`update deployments set status = 'purging' where id = ${uuidOf(imported)}`);
  expect(await list({ status: 'purged' })).toEqual([imported]);
});

test("another user's deployments are not found, and nothing happens to them", async () => {
  const bob = await api.signUp('bob');
  const before = await own.messages();
  const at = { params: { ...params, deployment: imported } };
  for (const attempt of [
    () => bob.client('createDeployment', { params, body: {} }),
    () => bob.client('redeployDeployment', { ...at, body: {} }),
    () => bob.client('promoteDeployment', { ...at, body: {} }),
    () => bob.client('pinDeployment', at),
    () => bob.client('unpinDeployment', at),
    () => bob.client('listDeploymentEvents', at),
  ]) {
    await expect(attempt()).rejects.toMatchObject({ status: 404, code: 'not_found' });
  }
  expect(await own.messages()).toEqual(before);
});
