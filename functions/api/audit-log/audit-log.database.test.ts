import { readId, showId } from '@miaobu/shared/kernel/ids';
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
  api = apiUnderTest(own);
  [ada, eve] = [await api.signUp('ada'), await api.signUp('eve')];
  const visibleTo = ['github-ada', 'github-eve'];
  api.codeHost.repositories.push({ id: 1, fullName: 'a/site', branches: { main: 'a'.repeat(40) }, visibleTo });
});
afterAll(() => own.close());

const project = async (slug: string, who = ada) =>
  (await who.client('createProject', { body: { repo: 'a/site', slug } })).data;
const note = (actor: string, action: string, subject: string, more: { projectId?: string; address?: string } = {}) =>
  own.store.auditLog.append({ actor, action, subject, requestId: 'a-request', ...more });
const of = ({ user }: SignedUpUser) => showId('user', user.id);
const actions = async (who: SignedUpUser, query: object = {}) =>
  (await who.client('listAuditLog', { query })).data.map(({ action }) => action);

test('a user reads what they did and what was done to their account, projects and deployments: newest first, once, and nothing else', async () => {
  const [mine, hers] = [await project('mine'), await project('hers', eve)];
  await note(of(ada), 'token.created', 'tok_something');
  await note('deploy', 'route.repaired', mine.id);
  await note('deploy', 'deployment.rescued', mine.deployment.id);
  await note('deploy', 'hostname.lost', 'mine.example', { projectId: readId('project', mine.id) ?? '' });
  await note(of(eve), 'user.disabled', of(ada));
  await note(of(eve), 'token.created', 'tok_hers');
  await note('deploy', 'route.repaired', hers.id);
  await note('cleanup', 'inventory.swept', 'bucket');
  expect(await actions(ada)).toEqual([
    'user.disabled',
    'hostname.lost',
    'deployment.rescued',
    'route.repaired',
    'token.created',
  ]);
  expect(await actions(eve)).toEqual(['route.repaired', 'token.created', 'user.disabled']);
});

test('an entry says who, what, to which project, when and in which request; the address is shown only to its user', async () => {
  const { id } = await project('mine');
  await note(of(ada), 'project.renamed', id, { address: '203.0.113.7' });
  await note(of(eve), 'project.inspected', id, { address: '198.51.100.9' });
  expect((await ada.client('listAuditLog', {})).data).toEqual([
    expect.objectContaining({ action: 'project.inspected', actor: of(eve), address: null }),
    {
      id: expect.stringMatching(/^aud_/),
      actor: of(ada),
      action: 'project.renamed',
      subject: id,
      project_id: id,
      details: {},
      address: '203.0.113.7',
      request_id: 'a-request',
      created_at: expect.any(String),
    },
  ]);
});

test('pages hold every entry once and in order', async () => {
  const { id } = await project('mine');
  for (let n = 0; n < 7; n++) await note(n % 2 === 0 ? of(ada) : 'deploy', `thing.done_${'abcdefg'[n]}`, id);
  const found: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const { data, meta } = await ada.client('listAuditLog', { query: { limit: 3, ...(cursor ? { cursor } : {}) } });
    found.push(...data.map(({ action }) => action));
    if (meta.next_cursor === null) break;
    cursor = meta.next_cursor;
  }
  expect(found).toEqual([...'gfedcba'].map((letter) => `thing.done_${letter}`));
});

test('entries are filtered by project and by action', async () => {
  const [one, two] = [await project('one'), await project('two')];
  await note(of(ada), 'thing.made', one.id);
  await note(of(ada), 'thing.broken', one.id);
  await note(of(ada), 'thing.made', two.id);
  expect(await actions(ada, { project: 'one' })).toEqual(['thing.broken', 'thing.made']);
  expect(await actions(ada, { project: two.id })).toEqual(['thing.made']);
  expect(await actions(ada, { action: 'thing.broken' })).toEqual(['thing.broken']);
  expect(await actions(ada, { project: 'two', action: 'thing.broken' })).toEqual([]);
});

test("another's project is not found, and an invalid filter or cursor is refused", async () => {
  await project('hers', eve);
  expect(await refusalOf(actions(ada, { project: 'hers' }))).toEqual({ status: 404, code: 'not_found' });
  for (const query of [{ action: 'everything' }, { cursor: 'prj_x' }, { user: of(eve) }]) {
    expect(await refusalOf(actions(ada, query))).toMatchObject({ status: 422, code: 'invalid_request' });
  }
});

test("a project's entries can be read after its deletion", async () => {
  await project('mine');
  await ada.client('deleteProject', { params: { project: 'mine' } });
  expect(await actions(ada)).toEqual(['project.deletion_requested']);
});

test('a token for one project sees that project only', async () => {
  const [one, two] = [await project('one'), await project('two')];
  await note(of(ada), 'thing.made', one.id);
  await note(of(ada), 'thing.made', two.id);
  await note(of(ada), 'session.begun', of(ada));
  const { data } = await api.signedIn(ada.user)('createApiToken', { body: { name: 'one', projects: ['one'] } });
  const ask = (query: string) =>
    api.ask('GET', `/api/v1/audit-log${query}`, { headers: { authorization: `Bearer ${data.token}` } });
  expect((await ask('')).body.data).toMatchObject([{ action: 'thing.made', subject: one.id }]);
  expect(await ask('?project=two')).toMatchObject({ status: 404 });
});

test("an administrator reads all of it, or one user's entries, with addresses", async () => {
  await own.store.accounts.makeAdmin(eve.user.id);
  await note('cleanup', 'inventory.swept', 'bucket');
  await note(of(ada), 'thing.made', 'tok_x', { address: '203.0.113.7' });
  const all = (query: object) => eve.client('listPlatformAuditLog', { query });
  expect((await all({})).data.map(({ action }) => action)).toEqual(['thing.made', 'inventory.swept']);
  expect((await all({ user: of(ada) })).data).toMatchObject([{ action: 'thing.made', address: '203.0.113.7' }]);
  expect((await all({ action: 'inventory.swept' })).data).toHaveLength(1);
  expect(await refusalOf(all({ user: 'nobody' }))).toEqual({ status: 404, code: 'not_found' });
  expect(await refusalOf(ada.client('listPlatformAuditLog', {}))).toEqual({ status: 404, code: 'not_found' });
});
