import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { type ImportedProject, importProject } from '../../../tests/database/import-project.ts';
import { openTestStore, queueTestDeployment, type TestStore } from '../../../tests/database/prepare-deployment.ts';

const PRODUCTION = '/api/v1/projects/blog/environments/production';
const HOSTNAME = 'blog.sites.example';

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;
let blog: ImportedProject;
/** Public ids: three complete deployments, the last of which is current. */
let first: string;
let second: string;
let third: string;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own);
  ada = await api.signUp('ada');
  blog = await importProject(own, { slug: 'blog', owner: ada.user });
  await own.store.routes.insert({
    hostname: HOSTNAME,
    projectId: blog.project.id,
    environmentId: blog.production.id,
  });
  [first, second, third] = [await complete(), await complete(), await complete()];
  await own.db.query(sql`delete from outbox`);
});
afterAll(() => own.close());

/** A deployment that has gone live, as an activation and its publication leave it. */
async function complete(): Promise<string> {
  const { id, seq } = await queueTestDeployment(own, {
    project: blog.project,
    environment: blog.production,
    hostnames: [],
  });
  const { currentDeploymentId } = await own.environment(blog.production.id);
  if (currentDeploymentId) await own.store.deployments.markRetired(currentDeploymentId);
  await own.db.query(sql`update deployments set status = 'deployed', finished_at = db_now() where id = ${id}`);
  await own.store.environments.switchTo(blog.production.id, { id, seq });
  await own.store.deployments.markActivated(id);
  return showId('deployment', id);
}

const etag = async () => (await ada.ask('GET', PRODUCTION)).headers.get('etag') ?? '';
const rollback = (deployment: string, ifMatch: string | undefined, path = PRODUCTION, who = ada) =>
  who.ask('POST', `${path}/rollback`, {
    body: JSON.stringify({ deployment }),
    headers: { 'content-type': 'application/json', ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }) },
  });
const promote = (deployment: string) =>
  ada.client('promoteDeployment', { params: { project: 'blog', deployment }, body: {} });
const environment = async () =>
  (await ada.client('getEnvironment', { params: { project: 'blog', environment: 'production' } })).data;
const topics = async () => (await own.messages()).map(({ topic }) => topic);
const audit = () => own.db.query(sql`select actor, action, subject, details from audit_log order by id`);

test('a rollback shows an older deployment, publishes it, and holds later builds', async () => {
  const before = await own.environment(blog.production.id);
  const answer = await rollback(first, await etag());
  expect([answer.status, answer.body.data]).toEqual([
    200,
    expect.objectContaining({ current_deployment_id: first, auto_promote: false }),
  ]);
  const after = await own.environment(blog.production.id);
  expect(after.generation).toBe(before.generation + 1);
  expect(after.activatedSeq).toBe(before.activatedSeq);
  expect(await topics()).toEqual(['route.publish']);
  expect(api.rings).toHaveLength(1);
  const shown = async (deployment: string) =>
    (await ada.client('getDeployment', { params: { project: 'blog', deployment } })).data;
  expect(await shown(first)).toMatchObject({ current: true, published_at: null });
  expect((await shown(third)).current).toBe(false);
  expect(await audit()).toEqual([
    {
      actor: showId('user', ada.user.id),
      action: 'environment.rolled_back',
      subject: first,
      details: { environment: 'production', from: third },
    },
  ]);
});

test('a rollback without If-Match, or with a stale one, is refused and changes nothing', async () => {
  const seen = await etag();
  expect(await rollback(first, undefined)).toMatchObject({
    status: 428,
    body: { error: { code: 'precondition_required' } },
  });
  await rollback(second, seen);
  const messages = await own.messages();
  expect(await rollback(first, seen)).toMatchObject({ status: 412, body: { error: { code: 'precondition_failed' } } });
  expect(await environment()).toMatchObject({ current_deployment_id: second });
  expect(await own.messages()).toEqual(messages);
  expect(await audit()).toHaveLength(1);
});

test('of twenty rollbacks by users who saw the same state one is done', async () => {
  const seen = await etag();
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => rollback(i % 2 ? first : second, seen)));
  const statuses = answers.map(({ status }) => status).sort();
  expect(statuses).toEqual([200, ...Array.from({ length: 19 }, () => 412)]);
  expect(await audit()).toHaveLength(1);
});

test.each(['purging', 'purged'])('rolling back to what is %s is 409, with the reason', async (status) => {
  await own.db.query(sql`update deployments set status = ${status} where seq = 1`);
  expect(await rollback(first, await etag())).toMatchObject({
    status: 409,
    body: { error: { code: 'deployment_purged' } },
  });
  await expect(promote(first)).rejects.toMatchObject({ status: 409, code: 'deployment_purged' });
  expect(await environment()).toMatchObject({ current_deployment_id: third, auto_promote: true });
  expect(await audit()).toEqual([]);
});

test.each(['queued', 'building', 'deploying', 'failed', 'cancelled'])('and so is what is %s', async (status) => {
  await own.db.query(sql`update deployments set status = ${status} where seq = 1`);
  const refused = { status: 409, code: 'deployment_state_conflict' };
  await expect(promote(first)).rejects.toMatchObject(refused);
  const answer = await rollback(first, await etag());
  expect({ status: answer.status, code: answer.body.error?.code }).toEqual(refused);
});

test('the current deployment cannot be chosen', async () => {
  expect(await rollback(third, await etag())).toMatchObject({ status: 409 });
});

test("a deployment of another environment cannot be used: it was built with that one's variables", async () => {
  const staging = await own.store.environments.insert({ projectId: blog.project.id, name: 'staging', branch: 'dev' });
  await own.db.query(sql`update deployments set environment_id = ${staging.id} where seq = 1`);
  expect(await rollback(first, await etag())).toMatchObject({
    status: 409,
    body: { error: { code: 'deployment_state_conflict' } },
  });
});

test("another project's deployment and another user's environment are not found", async () => {
  const bob = await api.signUp('bob');
  const foreign = await importProject(own, { slug: 'foreign', owner: bob.user });
  const { id } = await queueTestDeployment(own, {
    project: foreign.project,
    environment: foreign.production,
    hostnames: [],
  });
  expect((await rollback(showId('deployment', id), await etag())).status).toBe(404);
  expect((await rollback(first, await etag(), PRODUCTION, bob)).status).toBe(404);
  expect((await rollback('dep_nothing', await etag())).status).toBe(404);
  expect(await audit()).toEqual([]);
});

test('a deployment that was activated but not confirmed is complete when somebody switches away from it, and says to what', async () => {
  const publishing = (seq: number) => own.db.query(sql`update deployments set status = 'deploying' where seq = ${seq}`);
  const shown = async (deployment: string) =>
    (await ada.client('getDeployment', { params: { project: 'blog', deployment } })).data;
  await publishing(3);
  await rollback(first, await etag());
  expect(await shown(third)).toMatchObject({ status: 'deployed', reason: 'rolled_back', current: false });
  await publishing(1);
  await promote(second);
  expect(await shown(first)).toMatchObject({ status: 'deployed', reason: 'superseded', current: false });
});

test('a promotion shows a deployment, and later builds go live by themselves again', async () => {
  await rollback(first, await etag());
  const { data } = await promote(second);
  expect(data).toMatchObject({ id: second, current: true });
  expect(await environment()).toMatchObject({ current_deployment_id: second, auto_promote: true });
  expect((await audit()).at(-1)).toMatchObject({ action: 'deployment.promoted', details: { from: first } });
});

test('resuming shows the newest held deployment, and never one that was rolled back', async () => {
  const resume = () =>
    ada.client('updateEnvironment', {
      params: { project: 'blog', environment: 'production' },
      body: { auto_promote: true },
    });
  await rollback(first, await etag());
  expect((await resume()).data).toMatchObject({ current_deployment_id: first, auto_promote: true });
  await rollback(second, await etag());
  const { id } = await queueTestDeployment(own, {
    project: blog.project,
    environment: blog.production,
    hostnames: [],
  });
  await own.db.query(sql`update deployments set status = 'deployed', reason = 'held' where id = ${id}`);
  expect((await resume()).data.current_deployment_id).toBe(showId('deployment', id));
  expect((await own.deployment(id)).reason).toBeNull();
});
