import { sql } from '@miaobu/shared/db/sql';
import { showId } from '@miaobu/shared/kernel/ids';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';

let stored: TestStore;
let api: ApiUnderTest;
let admin: SignedUpUser;
let you: SignedUpUser;

beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  await stored.empty();
  api = apiUnderTest(stored);
  admin = await api.signUp('admin');
  await stored.store.accounts.makeAdmin(admin.user.id);
  you = await api.signUp('you');
});
afterAll(() => stored.close());

const json = (body: unknown, headers: Record<string, string> = {}) => ({
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
const path = ({ user }: SignedUpUser, verb: string) => `/api/v1/platform/users/${showId('user', user.id)}/${verb}`;
const actions = async () =>
  (
    await stored.db.query<{ action: string; subject: string }>(sql`select action, subject from audit_log order by id`)
  ).map(({ action, subject }) => `${action} ${subject}`);

/** An access token of one of their sessions. */
async function accessTokenOf({ user }: SignedUpUser): Promise<string> {
  const sessionId = await stored.store.sessions.insert({ userId: user.id, userAgent: 'x', address: '' });
  const claims = { userId: showId('user', user.id), sessionId: showId('session', sessionId) };
  return api.identity.accessTokens.issue(claims);
}
const whoAmI = async (token: string) =>
  (await api.ask('GET', '/api/v1/user', { headers: { authorization: `Bearer ${token}` } })).status;

test('S-A9: a disabled user is refused at once with every credential, and let in again with their tokens', async () => {
  const access = await accessTokenOf(you);
  expect([await whoAmI(access), await whoAmI(you.token)]).toEqual([200, 200]);
  const disabled = await admin.ask('POST', path(you, 'disable'), json({}));
  expect(disabled.body.data).toMatchObject({ github_login: 'you', disabled_at: expect.any(String) });
  expect([await whoAmI(access), await whoAmI(you.token), await whoAmI(admin.token)]).toEqual([401, 401, 200]);

  const enabled = await admin.ask('POST', path(you, 'enable'), json({}));
  expect(enabled.body.data).toMatchObject({ disabled_at: null });
  expect([await whoAmI(access), await whoAmI(you.token)]).toEqual([401, 200]);
  const subject = showId('user', you.user.id);
  expect(await actions()).toEqual([`user.disabled ${subject}`, `user.enabled ${subject}`]);
});

test('disabling a disabled user changes nothing, and is recorded once', async () => {
  const first = await admin.ask('POST', path(you, 'disable'), json({}));
  await stored.moveClock(60);
  const second = await admin.ask('POST', path(you, 'disable'), json({}));
  expect([second.status, second.body.data]).toEqual([200, first.body.data]);
  expect(await actions()).toHaveLength(1);
});

test('nobody can disable themselves, nor a nonexistent user', async () => {
  expect((await admin.ask('POST', path(admin, 'disable'), json({}))).status).toBe(409);
  for (const id of ['usr_nobody', showId('user', '0192f0a1-0000-7000-8000-000000000000')]) {
    expect((await admin.ask('POST', `/api/v1/platform/users/${id}/disable`, json({}))).status).toBe(404);
    expect((await admin.ask('POST', `/api/v1/platform/users/${id}/enable`, json({}))).status).toBe(404);
  }
  expect(await actions()).toEqual([]);
});

test('users are listed newest first, in pages, and without secrets', async () => {
  const first = await admin.ask('GET', '/api/v1/platform/users?limit=1');
  const { meta } = JSON.parse(first.text) as { meta: { next_cursor: string } };
  const second = await admin.ask('GET', `/api/v1/platform/users?limit=1&cursor=${meta.next_cursor}`);
  expect(first.body.data).toEqual([
    {
      id: showId('user', you.user.id),
      github_login: 'you',
      admin: false,
      created_at: you.user.createdAt.toISOString(),
      disabled_at: null,
    },
  ]);
  expect(second.body.data).toMatchObject([{ github_login: 'admin', admin: true }]);
});

test('sign-in rules are read and replaced; of two who read the same version, the second is refused', async () => {
  const rules = '/api/v1/platform/sign-in-rules';
  const read = await admin.ask('GET', rules);
  expect(read.body.data).toEqual({ users: [], organisations: [] });
  const etag = read.headers.get('etag') ?? '';
  const replace = (body: unknown) => admin.ask('PUT', rules, json(body, { 'if-match': etag }));
  const first = await replace({ users: ['You', 'you', 'other'], organisations: ['Example-Org'] });
  expect(first.body.data).toEqual({ users: ['other', 'you'], organisations: ['example-org'] });
  expect((await replace({ users: [], organisations: [] })).status).toBe(412);
  expect((await admin.ask('GET', rules)).body.data).toEqual(first.body.data);
  expect(await actions()).toEqual(['sign_in_rules.replaced sign-in-rules']);
});

test.each([
  { users: ['not a name'], organisations: [] },
  { users: ['-x'], organisations: [] },
  { users: ['x'.repeat(40)], organisations: [] },
  { users: [], organisations: ['../..'] },
  { users: [] },
  { users: [], organisations: [], teams: [] },
])('rules %j are refused', async (rules) => {
  expect((await admin.ask('PUT', '/api/v1/platform/sign-in-rules', json(rules))).status).toBe(422);
});

test('for everybody but administrators none of this exists', async () => {
  const calls = [
    ['GET', '/api/v1/platform/users'],
    ['GET', '/api/v1/platform/sign-in-rules'],
    ['PUT', '/api/v1/platform/sign-in-rules', { users: ['you'], organisations: [] }],
    ['POST', path(admin, 'disable'), {}],
    ['POST', path(admin, 'enable'), {}],
  ] as const;
  for (const [method, address, body] of calls) {
    const answer = await you.ask(method, address, body === undefined ? {} : json(body));
    expect([address, answer.status]).toEqual([address, 404]);
  }
  expect(await actions()).toEqual([]);
});
