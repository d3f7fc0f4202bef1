import { ApiError } from '@miaobu/shared/contracts/client';
import { showId } from '@miaobu/shared/kernel/ids';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { importProject } from '../../../tests/database/import-project.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;
let bob: SignedUpUser;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own);
  ada = await api.signUp('ada');
  bob = await api.signUp('bob');
});
afterAll(() => own.close());

const importFor = async ({ user }: SignedUpUser, slug: string) =>
  (await importProject(own, { slug, owner: user })).hook;

test('a project is found by its id and by its slug, with the same response', async () => {
  const id = await importFor(ada, 'blog');
  const byId = await ada.client('getProject', { params: { project: id } });
  expect(byId.data).toMatchObject({
    id,
    slug: 'blog',
    url: 'https://blog.sites.example/',
    current_deployment_id: null,
  });
  expect(await ada.client('getProject', { params: { project: 'blog' } })).toEqual(byId);
});

test("another user's project is answered exactly like a nonexistent one", async () => {
  const id = await importFor(bob, 'secret');
  const headers = { 'x-request-id': 'the-same' };
  const ask = (project: string) => ada.ask('GET', `/api/v1/projects/${project}`, { headers });
  const missing = await ask(showId('project', '01893726-efee-7f02-8fbf-9f2b7bc2f910'));
  expect(missing.status).toBe(404);
  expect(missing.body).toEqual({
    error: { code: 'not_found', message: 'Not found, or not visible to this credential.' },
    request_id: 'the-same',
  });
  const strange = ['secret', id, 'no-such-slug', 'SECRET', 'prj_', id.replace('prj_', 'dep_'), id.toUpperCase(), "'--"];
  for (const project of strange) {
    const answer = await ask(project);
    expect({ status: answer.status, text: answer.text }, project).toEqual({ status: 404, text: missing.text });
  }
  expect((await bob.ask('GET', `/api/v1/projects/${id}`)).status).toBe(200);
});

test("a list holds the user's own projects only, newest first", async () => {
  for (const slug of ['one', 'two', 'three']) await importFor(ada, slug);
  await importFor(bob, 'foreign');
  const { data, meta } = await ada.client('listProjects', {});
  expect(data.map(({ slug }) => slug)).toEqual(['three', 'two', 'one']);
  expect(meta).toEqual({ next_cursor: null });
  const nobody = await api.signUp('carol');
  expect(await nobody.client('listProjects', {})).toEqual({ data: [], meta: { next_cursor: null } });
});

test('pages hold every project once and in order, while others are imported in between', async () => {
  const before = Array.from({ length: 7 }, (_, index) => `before-${index}`);
  for (const slug of before) await importFor(ada, slug);
  const seen: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; ; page++) {
    const { data, meta } = await ada.client('listProjects', { query: { limit: 2, cursor } });
    seen.push(...data.map(({ slug }) => slug));
    await importFor(ada, `meanwhile-${page}`);
    if (meta.next_cursor === null) break;
    expect(data).toHaveLength(2);
    cursor = meta.next_cursor;
  }
  expect(seen).toEqual(before.toReversed());
});

test('a page that ends with the list says so', async () => {
  for (const slug of ['one', 'two']) await importFor(ada, slug);
  const exact = await ada.client('listProjects', { query: { limit: 2 } });
  expect(exact.data).toHaveLength(2);
  expect(exact.meta.next_cursor).toBeNull();
});

test("the cursor of another user's list reveals nothing of it", async () => {
  for (const slug of ['foreign-1', 'foreign-2']) await importFor(bob, slug);
  const { meta } = await bob.client('listProjects', { query: { limit: 1 } });
  await importFor(ada, 'mine');
  const { data } = await ada.client('listProjects', { query: { cursor: meta.next_cursor ?? '' } });
  expect(data).toEqual([]);
});

test.each([
  ['limit=0', 'query.limit'],
  ['limit=101', 'query.limit'],
  ['limit=ten', 'query.limit'],
  ['limit=1.5', 'query.limit'],
  ['cursor=', 'query.cursor'],
  ['cursor=abc', 'query.cursor'],
  ['cursor=dep_01h4vjdvzefw18zfwz5dxw5y8g', 'query.cursor'],
  [`cursor=${'x'.repeat(201)}`, 'query.cursor'],
  ['user_id=1', 'query'],
])('the query %s is refused by the path %s', async (query, path) => {
  const answer = await ada.ask('GET', `/api/v1/projects?${query}`);
  expect([answer.status, answer.body.error?.code]).toEqual([422, 'invalid_request']);
  expect(answer.body.error?.details).toMatchObject({ fields: [{ path }] });
});

test("the client throws the API's error, with the request id for finding it in the log", async () => {
  const failing = ada.client('getProject', { params: { project: 'nothing' } });
  const error = await failing.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({
    status: 404,
    code: 'not_found',
    message: 'Not found, or not visible to this credential.',
  });
  const { requestId } = error as ApiError;
  expect(api.log.find((line) => requestId !== undefined && line.includes(requestId))).toBeDefined();
});
