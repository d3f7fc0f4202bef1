import { sql } from '@miaobu/shared/db/sql';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import { createLog } from '@miaobu/shared/runtime/logger';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { markPurgeable } from '../../cleanup/mark-purgeable.ts';

const HEAD = 'a'.repeat(40);
const NEXT = 'b'.repeat(40);
const HOSTNAME = 'site-staging.sites.example';

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;
let projectId: string;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own);
  ada = await api.signUp('ada');
  host({ main: HEAD, next: NEXT });
  const { data } = await ada.client('createProject', { body: { repo: 'ada/site' } });
  projectId = readId('project', data.id) ?? '';
  await own.db.query(sql`delete from outbox`);
  await own.db.query(sql`delete from deployment_events`);
});
afterAll(() => own.close());

/** Adds these branches to GitHub's repository. */
function host(branches: Record<string, string>) {
  const [before] = api.codeHost.repositories.splice(0);
  api.codeHost.repositories.push({
    id: 1,
    fullName: 'ada/site',
    branches: { ...before?.branches, ...branches },
    visibleTo: ['github-ada'],
  });
}
const params = { project: 'site' };
const on = async (branch = 'next') =>
  (await ada.client('createEnvironment', { params, body: { name: 'staging', branch } })).data;
const off = (environment = 'staging') => ada.client('deleteEnvironment', { params: { ...params, environment } });
const list = async () => (await ada.client('listEnvironments', { params })).data;
const topics = async () => (await own.messages()).map(({ topic }) => topic).sort();
const actions = async () =>
  (await own.db.query<{ action: string }>(sql`select action from audit_log order by id`)).map(({ action }) => action);
const staging = async () => {
  const found = await own.store.environments.findByName(projectId, 'staging');
  if (!found) throw new Error('there is no staging');
  return found;
};

test('staging is enabled with its own hostname, and deploys the head of its branch', async () => {
  const data = await on();
  expect(data).toMatchObject({
    name: 'staging',
    branch: 'next',
    url: `https://${HOSTNAME}/`,
    current_deployment_id: null,
    auto_promote: true,
    deployment: { status: 'queued', environment: 'staging', trigger: 'manual', commit_sha: NEXT, branch: 'next' },
  });
  expect(await topics()).toEqual(['branch.sync', 'build.start', 'commit.status', 'hostname.connect']);
  expect(await own.store.routes.find(HOSTNAME)).toMatchObject({ environmentId: (await staging()).id });
  expect((await list()).map(({ name }) => name)).toEqual(['production', 'staging']);
  expect(await actions()).toContain('environment.switched_on');
  const byId = await ada.client('getEnvironment', { params: { ...params, environment: data.id } });
  expect(byId.data.name).toBe('staging');
});

test('a missing branch, or one that another environment follows, is refused and leaves nothing', async () => {
  await expect(on('gone')).rejects.toMatchObject({ status: 422, code: 'branch_not_found' });
  await expect(on('main')).rejects.toMatchObject({ status: 409, code: 'branch_in_use' });
  expect(await list()).toHaveLength(1);
  expect(await own.messages()).toEqual([]);
  expect(await own.store.routes.find(HOSTNAME)).toBeUndefined();
});

test('of several concurrent calls one enables it', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => on()));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ status: 409, code: 'conflict' });
  }
  expect(await own.store.routes.listOfProject(projectId)).toHaveLength(2);
});

test('once disabled it is not found, its builds are cancelled, and its hostname is removed from the edge', async () => {
  const { deployment } = await on();
  const { id } = await staging();
  await own.db.query(sql`delete from outbox`);
  expect((await ada.ask('DELETE', '/api/v1/projects/site/environments/staging')).status).toBe(204);
  expect((await list()).map(({ name }) => name)).toEqual(['production']);
  const gone = { status: 404, code: 'not_found' };
  await expect(off()).rejects.toMatchObject(gone);
  await expect(
    ada.client('getEnvironment', { params: { ...params, environment: showId('environment', id) } }),
  ).rejects.toMatchObject(gone);
  expect((await own.deployment(readId('deployment', deployment.id) ?? '')).reason).toBe('switched_off');
  expect(await topics()).toEqual(['commit.status', 'hostname.connect', 'route.publish']);
  expect(await actions()).toContain('environment.switched_off');
});

test('nothing of what it showed is kept except pinned deployments, once no visitor can be routed there', async () => {
  const ids: string[] = [];
  for (let n = 1; n <= 3; n++) {
    if (n > 1) await ada.client('createDeployment', { params, body: { environment: 'staging' } });
    else await on();
    const newest = await own.store.deployments.findNewest((await staging()).id);
    if (!newest) throw new Error('nothing was queued');
    await own.db.query(sql`update deployments set status = 'deployed', finished_at = db_now() where id = ${newest.id}`);
    ids.push(newest.id);
  }
  const [pinned, unseen, shown] = ids as [string, string, string];
  const { id } = await staging();
  await own.store.environments.switchTo(id, { id: shown, seq: 3 });
  await own.store.routes.expose(HOSTNAME, shown, 1);
  await ada.client('pinDeployment', { params: { ...params, deployment: showId('deployment', pinned) } });
  await off();

  const mark = markPurgeable({ store: own.store, retention: { keep: 3, graceSeconds: 24 * 3600 } });
  const context = { requestId: 'cleanup', log: createLog({}, () => {}), signal: new AbortController().signal };
  const statuses = async () => Promise.all(ids.map(async (each) => (await own.deployment(each)).status));
  await mark(context);
  expect(await statuses()).toEqual(['deployed', 'purging', 'deployed']);
  expect((await own.deployment(unseen)).status).toBe('purging');
  await own.moveClock(3601);
  // As the scrub does once it has compared the edge.
  await own.store.routes.markVerified([HOSTNAME]);
  await mark(context);
  expect(await statuses()).toEqual(['deployed', 'purging', 'purging']);
});

test('its variables stay, and apply to what is deployed when it is enabled again', async () => {
  await on();
  await ada.client('createVariable', {
    params,
    body: { environment: 'staging', key: 'COLOUR', value: 'blue', scope: 'build', is_secret: false },
  });
  const before = await staging();
  await off();
  const again = await on();
  const deployment = await own.deployment(readId('deployment', again.deployment.id) ?? '');
  expect(deployment.variables.map(({ key }) => key)).toEqual(['COLOUR']);
  const after = await staging();
  expect(after.id).toBe(before.id);
  expect(after.generation).toBeGreaterThan(before.generation);
  expect(after.disabledAt).toBeNull();
});

test('what was queued before it was disabled never goes live by itself when it is enabled again', async () => {
  const { deployment } = await on();
  const id = readId('deployment', deployment.id) ?? '';
  await own.db.query(sql`update deployments set status = 'deploying' where id = ${id}`);
  await off();
  await on();
  expect((await own.deployment(id)).seq).toBeLessThanOrEqual((await staging()).activatedSeq);
});

test('a push to its branch while it is disabled is ignored, and production may follow its branch', async () => {
  await on();
  await off();
  expect(await own.store.environments.lockByBranch(projectId, 'next')).toBeUndefined();
  await ada.client('updateProject', { params, body: { branch: 'next' } });
  expect((await list()).map(({ branch }) => branch)).toEqual(['next']);
});

test('production cannot be disabled', async () => {
  await expect(off('production')).rejects.toMatchObject({ status: 409, code: 'conflict' });
  expect(await list()).toHaveLength(1);
});

const update = (body: { branch?: string; auto_promote?: boolean }) =>
  ada.client('updateEnvironment', { params: { ...params, environment: 'staging' }, body });

test('a changed branch is synced; a branch that is in use is refused', async () => {
  await on();
  await own.db.query(sql`delete from outbox`);
  await expect(update({ branch: 'main' })).rejects.toMatchObject({ status: 409, code: 'branch_in_use' });
  expect(await topics()).toEqual([]);
  host({ later: NEXT });
  expect((await update({ branch: 'later' })).data.branch).toBe('later');
  expect(await topics()).toEqual(['branch.sync']);
  expect(await actions()).toContain('environment.updated');
});

test('a branch that GitHub does not have is refused, for an environment and for the project, and nothing is changed', async () => {
  await on();
  await own.db.query(sql`delete from outbox`);
  const before = await actions();
  const missing = { status: 422, code: 'branch_not_found', details: { repo: 'ada/site', branch: 'missing' } };
  await expect(update({ branch: 'missing' })).rejects.toMatchObject(missing);
  await expect(ada.client('updateProject', { params, body: { branch: 'missing' } })).rejects.toMatchObject(missing);
  expect((await list()).map(({ branch }) => branch)).toEqual(['main', 'next']);
  expect([await topics(), await actions()]).toEqual([[], before]);
});

test('the branch that is already followed may be gone at GitHub', async () => {
  await on();
  api.codeHost.repositories.splice(0);
  host({ other: NEXT });
  expect((await update({ branch: 'next', auto_promote: false })).data).toMatchObject({ auto_promote: false });
  const { data } = await ada.client('updateProject', { params, body: { branch: 'main', name: 'renamed' } });
  expect(data.name).toBe('renamed');
});

test.each(['code_host_unavailable', 'code_host_unauthorized'] as const)(
  'the branch can be changed while GitHub is unavailable: %s',
  async (code) => {
    await on();
    Object.assign(api.codeHost, {
      async getRepository() {
        throw new AppError(code);
      },
    });
    expect((await update({ branch: 'unseen' })).data.branch).toBe('unseen');
    expect((await ada.client('updateProject', { params, body: { branch: 'unheard' } })).data.branch).toBe('unheard');
  },
);

test("another user's environments are not found, and nothing happens to them", async () => {
  await on();
  const before = await own.messages();
  const bob = await api.signUp('bob');
  const body = { name: 'staging', branch: 'next' } as const;
  const environment = 'staging';
  const attempts = [
    () => bob.client('listEnvironments', { params }),
    () => bob.client('createEnvironment', { params, body }),
    () => bob.client('getEnvironment', { params: { ...params, environment } }),
    () => bob.client('updateEnvironment', { params: { ...params, environment }, body: { auto_promote: false } }),
    () => bob.client('deleteEnvironment', { params: { ...params, environment } }),
  ];
  for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ status: 404, code: 'not_found' });
  expect(await own.messages()).toEqual(before);
});
