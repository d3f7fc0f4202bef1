import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';

const HEAD = 'a'.repeat(40);
const params = { project: 'site' };

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own);
  ada = await api.signUp('ada');
  const branches = { main: HEAD, next: 'b'.repeat(40) };
  api.codeHost.repositories.push({ id: 1, fullName: 'ada/site', branches, visibleTo: ['github-ada'] });
  await ada.client('createProject', { body: { repo: 'ada/site' } });
});
afterAll(() => own.close());

const create = async (body: { name?: string; environment?: string } = {}) =>
  (await ada.client('createDeployHook', { params, body: { name: 'CMS', ...body } })).data;
const list = async () => (await ada.client('listDeployHooks', { params })).data;
const ring = (path: string, secret: string | undefined, body?: string) =>
  api.ask('POST', path, {
    headers: {
      ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
  });
const deployments = async () => (await ada.client('listDeployments', { params, query: { trigger: 'hook' } })).data;

test('the holder of the secret deploys the head of the branch, whatever the body', async () => {
  const hook = await create();
  expect(hook).toMatchObject({
    name: 'CMS',
    environment: 'production',
    path: `/api/v1/deploy-hooks/${hook.id}`,
    secret: expect.stringMatching(/^mbh_[\w-]{43}$/),
    last_used_at: null,
  });
  const answer = await ring(hook.path, hook.secret, '{"event":"entry.publish"}');
  const [deployment] = await deployments();
  expect([answer.status, answer.body.data]).toEqual([202, { deployment_id: deployment?.id, commit_sha: HEAD }]);
  expect(deployment).toMatchObject({ trigger: 'hook', status: 'queued', branch: 'main', commit_sha: HEAD });
  expect((await list())[0]?.last_used_at).toMatch(/Z$/);
  expect(await own.db.query(sql`select actor, action from audit_log where subject = ${deployment?.id ?? ''}`)).toEqual([
    { actor: hook.id, action: 'deployment.requested' },
  ]);
});

test('the secret is shown once, and neither stored, nor listed, nor logged', async () => {
  const { secret, id } = await create();
  expect(JSON.stringify(await list())).not.toContain('secret');
  expect((await list()).map((hook) => hook.id)).toEqual([id]);
  const rows = await own.db.query(
    sql`select h::text as text from deploy_hooks h union all select a::text from audit_log a`,
  );
  expect(JSON.stringify(rows)).not.toContain(secret);
  expect(JSON.stringify(api.log)).not.toContain(secret);
});

test("a wrong secret, no secret, another hook's secret, and an unknown hook are refused alike, and deploy nothing", async () => {
  const [hook, other] = [await create(), await create()];
  const unknown = showId('deployHook', '01893726-efee-7f02-8fbf-9f2b7bc2f910');
  const refusals = [
    await ring(hook.path, undefined),
    await ring(hook.path, other.secret),
    await ring(hook.path, `${hook.secret.slice(0, -1)}_`),
    await ring(hook.path, ada.token),
    await ring(hook.path, 'x'.repeat(1000)),
    await ring(`${hook.path}?secret=${hook.secret}`, undefined),
    await ring(`/api/v1/deploy-hooks/${unknown}`, hook.secret),
    await ring('/api/v1/deploy-hooks/nothing', hook.secret),
  ];
  // A query outside the contract is refused before authentication.
  expect(refusals.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 422, 401, 401]);
  const texts = refusals.filter(({ status }) => status === 401).map(({ body }) => JSON.stringify(body.error));
  expect(new Set(texts).size).toBe(1);
  expect(await deployments()).toEqual([]);
});

test('a deleted hook is refused, and not listed', async () => {
  const hook = await create();
  const at = { params: { ...params, deploy_hook: hook.id } };
  expect((await ada.ask('DELETE', `/api/v1/projects/site/deploy-hooks/${hook.id}`)).status).toBe(204);
  expect((await ring(hook.path, hook.secret)).status).toBe(401);
  expect(await list()).toEqual([]);
  await expect(ada.client('deleteDeployHook', at)).rejects.toMatchObject({ status: 404 });
  const actions = await own.db.query<{ action: string }>(sql`select action from audit_log where subject = ${hook.id}`);
  expect(actions.map(({ action }) => action).sort()).toEqual(['deploy_hook.created', 'deploy_hook.deleted']);
});

test('the hook of a project that is being deleted is unknown', async () => {
  const hook = await create();
  await ada.client('deleteProject', { params });
  expect((await ring(hook.path, hook.secret)).status).toBe(401);
});

test('a hook of staging deploys to staging, and not while that is disabled', async () => {
  await ada.client('createEnvironment', { params, body: { name: 'staging', branch: 'next' } });
  const hook = await create({ environment: 'staging' });
  expect((await ring(hook.path, hook.secret)).status).toBe(202);
  expect(await deployments()).toMatchObject([{ environment: 'staging', branch: 'next' }]);
  await ada.client('deleteEnvironment', { params: { ...params, environment: 'staging' } });
  const refused = await ring(hook.path, hook.secret);
  expect([refused.status, refused.body.error?.code]).toEqual([409, 'environment_off']);
});

test('a missing branch is reported', async () => {
  const hook = await create();
  const [repository] = api.codeHost.repositories.splice(0);
  if (repository) api.codeHost.repositories.push({ ...repository, branches: {} });
  const refused = await ring(hook.path, hook.secret);
  expect([refused.status, refused.body.error?.code]).toEqual([422, 'branch_not_found']);
});

test('a project has twenty hooks at most', async () => {
  for (let n = 0; n < 20; n++) await create();
  await expect(create()).rejects.toMatchObject({ status: 403, code: 'limit_reached' });
  const pages = await ada.client('listDeployHooks', { params, query: { limit: 15 } });
  expect(pages.data).toHaveLength(15);
  const rest = await ada.client('listDeployHooks', { params, query: { cursor: pages.meta.next_cursor ?? '' } });
  expect(rest.data).toHaveLength(5);
  expect(rest.meta.next_cursor).toBeNull();
});

test("another user's hooks are not found", async () => {
  const hook = await create();
  const bob = await api.signUp('bob');
  for (const attempt of [
    () => bob.client('listDeployHooks', { params }),
    () => bob.client('createDeployHook', { params, body: { name: 'mine' } }),
    () => bob.client('deleteDeployHook', { params: { ...params, deploy_hook: hook.id } }),
  ]) {
    await expect(attempt()).rejects.toMatchObject({ status: 404, code: 'not_found' });
  }
  await expect(create({ environment: 'nothing' })).rejects.toMatchObject({ status: 404 });
  expect(await list()).toHaveLength(1);
});
