import { sql } from '@miaobu/shared/db/sql';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { type ImportedProject, importProject } from '../../../tests/database/import-project.ts';
import { openTestStore, queueTestDeployment, type TestStore } from '../../../tests/database/prepare-deployment.ts';

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;
let bob: SignedUpUser;
let blog: ImportedProject;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own);
  ada = await api.signUp('ada');
  bob = await api.signUp('bob');
  blog = await importProject(own, { slug: 'blog', owner: ada.user });
});
afterAll(() => own.close());

/** Queues a deployment and returns its public id. */
const deploy = async ({ project, production }: ImportedProject) =>
  showId('deployment', (await queueTestDeployment(own, { project, environment: production, hostnames: [] })).id);
const uuidOf = (shown: string) => readId('deployment', shown) ?? '';

test('the deployments of a project are listed newest first, each once, while more are queued in between', async () => {
  const before: string[] = [];
  for (let i = 0; i < 5; i++) before.push(await deploy(blog));
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const { data, meta } = await ada.client('listDeployments', {
      params: { project: 'blog' },
      query: { limit: 2, cursor },
    });
    seen.push(...data.map(({ id }) => id));
    await deploy(blog);
    cursor = meta.next_cursor ?? undefined;
  } while (cursor !== undefined);
  expect(seen).toEqual(before.toReversed());
});

test("a deployment is shown with its current state, and whether it is its environment's current one", async () => {
  const id = await deploy(blog);
  await own.store.environments.switchTo(blog.production.id, { id: uuidOf(id), seq: 1 });
  const params = { project: 'blog', deployment: id };
  const { data } = await ada.client('getDeployment', { params });
  expect(data).toMatchObject({
    id,
    project_id: blog.hook,
    environment: 'production',
    status: 'queued',
    current: true,
    trigger: 'push',
    url: 'https://blog.sites.example/',
  });
  expect((await ada.client('listDeployments', { params: { project: blog.hook } })).data).toEqual([data]);
  const newer = await deploy(blog);
  const shown = await ada.client('getDeployment', { params: { ...params, deployment: newer } });
  expect(shown.data.current).toBe(false);
  // The first was still queued, so it was superseded; it is shown nevertheless.
  expect((await ada.client('getDeployment', { params })).data).toMatchObject({
    current: true,
    status: 'cancelled',
    reason: 'superseded',
  });
});

test('a deployment that is being purged is shown as purged', async () => {
  const id = await deploy(blog);
  await own.db.query(sql`update deployments set status = 'purging'`);
  const { data } = await ada.client('getDeployment', { params: { project: 'blog', deployment: id } });
  expect(data.status).toBe('purged');
});

test('a deployment is found under its own project and its own user only', async () => {
  const id = await deploy(blog);
  await importProject(own, { slug: 'docs', owner: ada.user });
  const foreign = await importProject(own, { slug: 'foreign', owner: bob.user });
  const foreignId = await deploy(foreign);
  api.buildLog.lines.set(id, ['a line']);
  api.buildLog.lines.set(foreignId, ['not for ada']);
  const unknown = showId('deployment', '01893726-efee-7f02-8fbf-9f2b7bc2f910');
  const crossed = [
    `/docs/deployments/${id}`,
    `/foreign/deployments/${foreignId}`,
    `/foreign/deployments/${id}`,
    `/blog/deployments/${foreignId}`,
    `/blog/deployments/${unknown}`,
    '/blog/deployments/latest',
    `/blog/deployments/${uuidOf(id)}`,
    '/nothing/deployments/anything',
  ];
  const headers = { 'x-request-id': 'the-same' };
  const refusal = JSON.stringify({
    error: { code: 'not_found', message: 'Not found, or not visible to this credential.' },
    request_id: 'the-same',
  });
  for (const path of crossed.flatMap((each) => [each, `${each}/logs`])) {
    const answer = await ada.ask('GET', `/api/v1/projects${path}`, { headers });
    expect({ status: answer.status, text: answer.text }, path).toEqual({ status: 404, text: refusal });
  }
  expect((await ada.ask('GET', '/api/v1/projects/foreign/deployments', { headers })).text).toBe(refusal);
  expect(api.buildLog.asked).toEqual([]);
});

test('logs are read in pages to their end', async () => {
  const id = await deploy(blog);
  await own.db.query(sql`update deployments set status = 'failed'`);
  const lines = ['one', 'two', 'three'];
  api.buildLog.lines.set(id, lines);
  const params = { project: 'blog', deployment: id };
  const first = await ada.client('readDeploymentLogs', { params, query: { limit: 2 } });
  expect(first.data).toEqual(['one', 'two'].map((text) => ({ at: '2031-02-03T04:05:06.000Z', attempt: 1, text })));
  const second = await ada.client('readDeploymentLogs', {
    params,
    query: { limit: 2, cursor: first.meta.next_cursor ?? '' },
  });
  expect(second.data.map(({ text }) => text)).toEqual(['three']);
  expect(second.meta.next_cursor).toBeNull();
  expect(api.buildLog.asked).toMatchObject([
    { deploymentId: id, ended: true },
    { deploymentId: id, ended: true },
  ]);
});

test('the log of a running build has a cursor at its end, after which its next lines are found', async () => {
  const id = await deploy(blog);
  const params = { project: 'blog', deployment: id };
  api.buildLog.lines.set(id, ['one']);
  const first = await ada.client('readDeploymentLogs', { params });
  expect(first.data).toHaveLength(1);
  const query = { cursor: first.meta.next_cursor ?? 'none' };
  const nothingNew = await ada.client('readDeploymentLogs', { params, query });
  expect([nothingNew.data, nothingNew.meta.next_cursor]).toEqual([[], query.cursor]);
  api.buildLog.lines.set(id, ['one', 'two']);
  const more = await ada.client('readDeploymentLogs', { params, query });
  expect(more.data.map(({ text }) => text)).toEqual(['two']);
  expect(api.buildLog.asked).toMatchObject([{ ended: false }, { ended: false }, { ended: false }]);
});

test('an invalid log cursor, and a page of more than a thousand, are refused', async () => {
  const id = await deploy(blog);
  const path = `/api/v1/projects/blog/deployments/${id}/logs`;
  for (const query of ['cursor=nonsense', 'limit=1001', 'follow=true']) {
    const answer = await ada.ask('GET', `${path}?${query}`);
    expect([answer.status, answer.body.error?.code], query).toEqual([422, 'invalid_request']);
  }
});
