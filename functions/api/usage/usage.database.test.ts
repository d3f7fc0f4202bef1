import { sql } from '@miaobu/shared/db/sql';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import { usageRepository } from '@miaobu/shared/model/usage/usage-repository';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { refusalOf } from '../../../tests/database/refusal-of.ts';

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;
let eve: SignedUpUser;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  // Not at the end of a day, or of a month.
  await setClock('2031-03-15T12:00:00Z');
  api = apiUnderTest(own);
  [ada, eve] = [await api.signUp('ada'), await api.signUp('eve')];
  const visibleTo = ['github-ada', 'github-eve'];
  api.codeHost.repositories.push({ id: 1, fullName: 'a/site', branches: { main: 'a'.repeat(40) }, visibleTo });
});
afterAll(() => own.close());

/** Sets `db_now()` to this moment. */
async function setClock(time: string) {
  await own.db.query(sql`delete from clock_shift`);
  await own.db.query(sql`insert into clock_shift (shift) select ${time}::timestamptz - now()`);
}
/** A project with its first deployment, which is queued. */
async function project(slug: string, who = ada) {
  const { data } = await who.client('createProject', { body: { repo: 'a/site', slug } });
  return { id: data.id, deployment: readId('deployment', data.deployment.id) ?? '' };
}
/** A finished build of this many seconds. */
async function build(deployment: string, attempt: number, seconds: number) {
  // The clock stands still within one transaction.
  await own.db.transaction(async (transaction) => {
    await transaction.query(sql`
      insert into build_attempts (deployment_id, attempt, ticket_nonce, ticket_expires_at, redeemed_at)
      values (${deployment}, ${attempt}, sha256('nonce'), db_now(), db_now() - make_interval(secs => ${seconds}))`);
    await usageRepository(transaction).recordBuild({ deploymentId: deployment, attempt });
  });
}
const usage = async (query: { from?: string; to?: string } = {}, who = ada) =>
  (await who.client('getUsage', { query })).data;
const stats = async (who = ada) => (await who.client('getDashboardStats', {})).data;

test('usage of this month is that of each project, and no one else’s', async () => {
  const [one, two, other] = [await project('one'), await project('two'), await project('other', eve)];
  await build(one.deployment, 1, 10);
  await build(one.deployment, 2, 20);
  await build(two.deployment, 1, 40);
  await build(other.deployment, 1, 1000);
  await own.db.query(sql`
    insert into blobs (project_id, sha256, bytes, verified_at)
    values (${readId('project', one.id)}, sha256('a'), 100, db_now()), (${readId('project', one.id)}, sha256('b'), 50, null),
           (${readId('project', other.id)}, sha256('a'), 7000, db_now())`);
  expect(await usage()).toMatchObject({
    from: '2031-03-01',
    to: '2031-03-15',
    builds: 3,
    build_seconds: 70,
    stored_bytes: 100,
    projects: [
      { project_id: two.id, slug: 'two', builds: 1, build_seconds: 40, stored_bytes: 0 },
      { project_id: one.id, slug: 'one', builds: 2, build_seconds: 30, stored_bytes: 100 },
    ],
    limits: { max_active_builds: 4, max_builds_per_hour: 60, max_projects: 100, max_storage_bytes: 10 * 1024 ** 3 },
  });
});

test('a build that is recorded twice counts once', async () => {
  const { deployment } = await project('one');
  await build(deployment, 1, 10);
  await own.store.usage.recordBuild({ deploymentId: deployment, attempt: 1 });
  expect(await usage()).toMatchObject({ builds: 1, build_seconds: 10 });
});

test('a range is of UTC+8 days, both included', async () => {
  await setClock('2031-03-01T15:59:00Z');
  const { deployment } = await project('one');
  await build(deployment, 1, 1);
  // Two minutes later it is the 2nd of March in the billing time zone.
  await setClock('2031-03-01T16:01:00Z');
  await build(deployment, 2, 2);
  const seconds = async (from: string, to: string) => (await usage({ from, to })).build_seconds;
  expect(await seconds('2031-03-01', '2031-03-01')).toBe(1);
  expect(await seconds('2031-03-02', '2031-03-02')).toBe(2);
  expect(await seconds('2031-03-01', '2031-03-02')).toBe(3);
  expect(await seconds('2031-02-01', '2031-02-28')).toBe(0);
  expect(await usage({ to: '2031-02-10' })).toMatchObject({ from: '2031-02-01', to: '2031-02-10' });
});

test.each([
  [{ from: '2031-03-02', to: '2031-03-01' }, 'query.from'],
  [{ from: '2030-01-01', to: '2031-01-02' }, 'query.from'],
  [{ from: '2031-02-30' }, 'query.from'],
  [{ to: 'yesterday' }, 'query.to'],
])('the range %j is refused by its field', async (query, path) => {
  expect(await refusalOf(usage(query))).toMatchObject({ status: 422, details: { fields: [{ path }] } });
  expect(await usage({ from: '2030-01-01', to: '2031-01-01' })).toMatchObject({ builds: 0 });
});

test("a deleted project's usage stays, without a name", async () => {
  const { id, deployment } = await project('one');
  await build(deployment, 1, 10);
  await ada.client('deleteProject', { params: { project: 'one' } });
  expect((await usage()).projects).toEqual([
    { project_id: id, slug: null, builds: 1, build_seconds: 10, stored_bytes: 0 },
  ]);
});

test('the dashboard counts projects, deployments in progress, and those created since the 1st of the month in UTC+8', async () => {
  await setClock('2031-02-28T15:59:00Z');
  const { deployment } = await project('one');
  await project('hers', eve);
  expect(await stats()).toEqual({ projects: 1, active_deployments: 1, builds_this_month: 1 });
  await setClock('2031-02-28T16:01:00Z');
  expect(await stats()).toEqual({ projects: 1, active_deployments: 1, builds_this_month: 0 });
  await project('two');
  expect(await stats()).toEqual({ projects: 2, active_deployments: 2, builds_this_month: 1 });
  await ada.client('cancelDeployment', {
    params: { project: 'one', deployment: showId('deployment', deployment) },
    body: {},
  });
  expect(await stats()).toEqual({ projects: 2, active_deployments: 1, builds_this_month: 1 });
});

test('a token for one project sees that project only', async () => {
  const [one, two] = [await project('one'), await project('two')];
  await build(one.deployment, 1, 10);
  await build(two.deployment, 1, 20);
  const { data } = await api.signedIn(ada.user)('createApiToken', { body: { name: 'one', projects: ['one'] } });
  const ask = (path: string) => api.ask('GET', path, { headers: { authorization: `Bearer ${data.token}` } });
  expect((await ask('/api/v1/usage')).body.data).toMatchObject({
    build_seconds: 10,
    projects: [{ project_id: one.id }],
  });
  expect((await ask('/api/v1/dashboard/stats')).body.data).toEqual({
    projects: 1,
    active_deployments: 1,
    builds_this_month: 1,
  });
});

test("administrators change an account's limits, and both users' audit logs have it", async () => {
  await own.store.accounts.makeAdmin(eve.user.id);
  const params = { user: showId('user', ada.user.id) };
  const before = (await eve.client('getAccountLimits', { params })).data;
  const after = (await eve.client('updateAccountLimits', { params, body: { max_projects: 1 } })).data;
  expect(after).toEqual({ ...before, max_projects: 1 });
  expect((await usage()).limits).toEqual(after);
  await project('one');
  expect(await refusalOf(project('two'))).toMatchObject({ status: 403, code: 'limit_reached' });
  for (const who of [ada, eve]) {
    expect((await who.client('listAuditLog', { query: { action: 'limits.changed' } })).data).toMatchObject([
      { actor: showId('user', eve.user.id), subject: params.user, details: { before, after } },
    ]);
  }
});

test("invalid limits, and an unknown user's, are refused; for anybody but administrators none exist", async () => {
  const params = { user: showId('user', ada.user.id) };
  const change = (who: SignedUpUser, body: object, of = params) =>
    who.client('updateAccountLimits', { params: of, body });
  expect(await refusalOf(change(ada, { max_projects: 1000 }))).toMatchObject({ status: 404 });
  expect(await refusalOf(ada.client('getAccountLimits', { params }))).toMatchObject({ status: 404 });
  await own.store.accounts.makeAdmin(eve.user.id);
  for (const body of [{}, { max_projects: 0 }, { max_projects: 1.5 }, { is_admin: true }]) {
    expect(await refusalOf(change(eve, body))).toMatchObject({ status: 422, code: 'invalid_request' });
  }
  for (const user of ['nobody', showId('user', '00000000-0000-7000-8000-000000000000')]) {
    expect(await refusalOf(change(eve, { max_projects: 1 }, { user }))).toMatchObject({ status: 404 });
    expect(await refusalOf(eve.client('getAccountLimits', { params: { user } }))).toMatchObject({ status: 404 });
  }
});
