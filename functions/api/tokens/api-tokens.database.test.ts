import { createClient } from '@miaobu/shared/contracts/client';
import { readOnlyScopes } from '@miaobu/shared/contracts/scopes';
import type { createApiToken } from '@miaobu/shared/contracts/tokens';
import { sql } from '@miaobu/shared/db/sql';
import { mintApiToken } from '@miaobu/shared/kernel/api-token';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type * as z from 'zod';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { ADDRESS_OF_TESTS, type SignedInClient } from '../../../tests/database/signed-in-client.ts';

let own: TestStore;
let api: ApiUnderTest;
let ada: SignedUpUser;
let session: SignedInClient;

beforeAll(async () => {
  own = await openTestStore();
});
beforeEach(async () => {
  await own.empty();
  api = apiUnderTest(own);
  ada = await api.signUp('ada');
  session = api.signedIn(ada.user);
});
afterAll(() => own.close());

const ask = (token: string, path = '/api/v1/user') =>
  api.ask('GET', path, { headers: { authorization: `Bearer ${token}` } });
const make = async (body: Partial<z.input<typeof createApiToken.body>> = {}) =>
  (await session('createApiToken', { body: { name: 'ci', ...body } })).data;
const list = async () => (await session('listApiTokens')).data;
const audited = () =>
  own.db.query<{ action: string; subject: string; details: unknown; address: string | null }>(
    sql`select action, subject, details, address from audit_log order by id`,
  );

test('a new token may only read, and its secret appears in one response and nowhere else', async () => {
  const { token, ...made } = await make();
  expect(token).toMatch(/^mb_live_[0-9A-Za-z]{36}$/);
  expect(made).toMatchObject({ name: 'ci', scopes: readOnlyScopes, project_ids: null, expires_at: null });
  expect(token.startsWith(made.prefix)).toBe(true);
  expect(await ask(token)).toMatchObject({ status: 200 });

  expect((await list()).find(({ id }) => id === made.id)).toEqual({ ...made, last_used_at: expect.any(String) });
  const stored = await own.db.query<{ row: string }>(sql`select t::text as row from api_tokens t`);
  const everything = JSON.stringify([stored, await list(), await audited(), api.log]);
  expect(everything).not.toContain(token.slice(made.prefix.length));
  expect(everything).toContain(sha256(token).toString('hex'));
});

test('creating, rotating and revoking a token is in the audit log with who and from where', async () => {
  const { id } = await make({ scopes: ['projects:read'] });
  await session('rotateApiToken', { params: { token: id }, body: {} });
  await session('revokeApiToken', { params: { token: id } });
  expect(await audited()).toMatchObject(
    ['created', 'rotated', 'revoked'].map((verb) => ({
      action: `token.${verb}`,
      subject: id,
      address: ADDRESS_OF_TESTS,
    })),
  );
});

test('tokens are listed newest first, in pages, without revoked ones', async () => {
  const made = [];
  for (const name of ['one', 'two', 'three']) made.push(await make({ name }));
  const [one, two, three] = made.map(({ id }) => id);
  await session('revokeApiToken', { params: { token: two ?? '' } });
  const first = await session('listApiTokens', { query: { limit: 1 } });
  expect(first.data.map(({ id }) => id)).toEqual([three]);
  const second = await session('listApiTokens', { query: { limit: 1, cursor: first.nextCursor ?? '' } });
  expect(second.data.map(({ id }) => id)).toEqual([one]);
});

test('a revoked token is refused from the next request on, and cannot be revoked or rotated again', async () => {
  const { id, token } = await make();
  expect(await session('revokeApiToken', { params: { token: id } })).toEqual({ data: undefined });
  expect(await ask(token)).toMatchObject({ status: 401, body: { error: { code: 'unauthorized' } } });
  const gone = { code: 'not_found' };
  await expect(session('revokeApiToken', { params: { token: id } })).rejects.toMatchObject(gone);
  await expect(session('rotateApiToken', { params: { token: id }, body: {} })).rejects.toMatchObject(gone);
  await expect(session('revokeApiToken', { params: { token: 'no id' } })).rejects.toMatchObject(gone);
});

test("a token expires by the database's clock", async () => {
  const { id, token } = await make({ expires_at: new Date(Date.now() + 3600_000).toISOString() });
  expect(await ask(token)).toMatchObject({ status: 200 });
  await own.moveClock(3601);
  expect(await ask(token)).toMatchObject({ status: 401 });
  await expect(session('rotateApiToken', { params: { token: id }, body: {} })).rejects.toMatchObject({
    code: 'conflict',
  });
});

test('a token with an expiry in the past is refused', async () => {
  await expect(make({ expires_at: new Date(Date.now() - 1000).toISOString() })).rejects.toMatchObject({
    code: 'invalid_request',
    details: { fields: [{ path: 'body.expires_at', problem: 'must be a time to come' }] },
  });
});

test('rotated without an overlap, the old secret is refused at once and the new one works the same', async () => {
  const before = await make({ scopes: ['account:read'] });
  const { data: after } = await session('rotateApiToken', { params: { token: before.id }, body: {} });
  expect(after).toMatchObject({ id: before.id, name: 'ci', scopes: ['account:read'] });
  expect(await ask(before.token)).toMatchObject({ status: 401 });
  expect(await ask(after.token)).toMatchObject({ status: 200 });
  expect(await ask(after.token, '/api/v1/projects')).toMatchObject({ status: 403 });
});

test('rotated with an overlap, the old secret is valid until its end; a second rotation or the revocation ends it', async () => {
  const before = await make();
  const rotate = async () =>
    (await session('rotateApiToken', { params: { token: before.id }, body: { overlap_seconds: 600 } })).data.token;
  const second = await rotate();
  expect([await ask(before.token), await ask(second)]).toMatchObject([{ status: 200 }, { status: 200 }]);
  await own.moveClock(601);
  expect([await ask(before.token), await ask(second)]).toMatchObject([{ status: 401 }, { status: 200 }]);

  const third = await rotate();
  const fourth = await rotate();
  expect(await Promise.all([second, third, fourth].map((token) => ask(token)))).toMatchObject([
    { status: 401 },
    { status: 200 },
    { status: 200 },
  ]);
  await session('revokeApiToken', { params: { token: before.id } });
  expect([await ask(third), await ask(fourth)]).toMatchObject([{ status: 401 }, { status: 401 }]);
});

test("a token's use is recorded at most once a minute", async () => {
  const { id, token } = await make();
  const lastUsed = async () => (await list()).find((it) => it.id === id)?.last_used_at;
  await ask(token);
  const first = await lastUsed();
  await own.moveClock(30);
  await ask(token);
  expect(await lastUsed()).toBe(first);
  await own.moveClock(31);
  await ask(token);
  expect(await lastUsed()).not.toBe(first);
});

test("another user's token is not found, and stays unchanged", async () => {
  const { id, token } = await make();
  const eve = api.signedIn((await api.signUp('eve')).user);
  await expect(eve('revokeApiToken', { params: { token: id } })).rejects.toMatchObject({ code: 'not_found' });
  await expect(eve('rotateApiToken', { params: { token: id }, body: {} })).rejects.toMatchObject({ code: 'not_found' });
  expect((await eve('listApiTokens')).data.map((it) => it.id)).not.toContain(id);
  expect(await ask(token)).toMatchObject({ status: 200 });
});

test('no token can create, list, rotate or revoke tokens, whatever its scopes', async () => {
  const { id } = await make();
  const attempts = [
    ['POST', '/api/v1/tokens', { name: 'mine' }],
    ['GET', '/api/v1/tokens', undefined],
    ['POST', `/api/v1/tokens/${id}/rotate`, {}],
    ['DELETE', `/api/v1/tokens/${id}`, undefined],
  ] as const;
  for (const [method, path, body] of attempts) {
    const json = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    expect(await ada.ask(method, path, body === undefined ? {} : json)).toMatchObject({
      status: 403,
      body: { error: { code: 'forbidden', details: { needs: 'a signed-in session' } } },
    });
  }
  expect(await list()).toHaveLength(2);
});

const revokeHeld = (token: string) =>
  api.ask('POST', '/api/v1/auth/revoke', {
    body: JSON.stringify({ token }),
    headers: { 'content-type': 'application/json', 'x-fc-client-ip': ADDRESS_OF_TESTS },
  });

test('a token sees itself, and a session learns that it is not one', async () => {
  const { token, ...made } = await make();
  expect((await ask(token, '/api/v1/token')).body.data).toEqual({ ...made, last_used_at: expect.any(String) });
  expect((await session('getCurrentToken')).data).toBeNull();
});

test('the holder of a token can revoke it, without a scope or another credential, and that is in the audit log', async () => {
  const [held, other] = [await make({ scopes: ['usage:read'] }), await make()];
  expect(await revokeHeld(held.token)).toMatchObject({ status: 204, text: '' });
  expect([await ask(held.token), await ask(other.token)]).toMatchObject([{ status: 401 }, { status: 200 }]);
  expect((await list()).map(({ id }) => id)).not.toContain(held.id);
  expect((await audited()).at(-1)).toEqual({
    action: 'token.revoked',
    subject: held.id,
    details: { by: 'its holder' },
    address: ADDRESS_OF_TESTS,
  });
});

test('a token that its holder revokes while the user is disabled does not come back with the user', async () => {
  const { token } = await make();
  await own.db.query(sql`update users set disabled_at = db_now()`);
  expect(await revokeHeld(token)).toMatchObject({ status: 204 });
  await own.db.query(sql`update users set disabled_at = null`);
  expect(await ask(token)).toMatchObject({ status: 401 });
});

test('an invalid token is answered like a valid one, and ends nothing', async () => {
  const { token } = await make();
  await revokeHeld(token);
  const before = await audited();
  const last = token.endsWith('0') ? '1' : '0';
  for (const none of [token, `${token.slice(0, -1)}${last}`, mintApiToken().token, 'nonsense', ada.token.slice(0, 12)])
    expect(await revokeHeld(none)).toMatchObject({ status: 204, text: '' });
  expect(await audited()).toEqual(before);
  expect((await ada.ask('GET', '/api/v1/user')).status).toBe(200);
});

test('during an overlap the holder of the old secret also ends the new one', async () => {
  const before = await make();
  const { data } = await session('rotateApiToken', { params: { token: before.id }, body: { overlap_seconds: 600 } });
  await revokeHeld(before.token);
  expect([await ask(before.token), await ask(data.token)]).toMatchObject([{ status: 401 }, { status: 401 }]);
});

test('platform scopes are refused to anybody but administrators', async () => {
  await expect(make({ scopes: ['platform:read'] })).rejects.toMatchObject({ code: 'invalid_request' });
  const admin = api.signedIn({ ...ada.user, isAdmin: true });
  const { data } = await admin('createApiToken', { body: { name: 'ops', scopes: ['platform:read'] } });
  expect(data.scopes).toEqual(['platform:read']);
});

test('an account has at most 50 tokens, even when the last two are requested concurrently', async () => {
  await own.db.query(sql`
    insert into api_tokens (user_id, name, prefix, token_sha256)
    select ${ada.user.id}, 'many', 'mb_live_', sha256(n::text::bytea) from generate_series(1, 48) n`);
  const outcomes = await Promise.allSettled([make(), make()]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  await expect(make()).rejects.toMatchObject({ code: 'limit_reached', details: { limit: 'tokens', max: 50 } });
});

test('a token for one project finds no other, lists no other, and creates none', async () => {
  api.codeHost.repositories.push({
    id: 1,
    fullName: 'ada/site',
    branches: { main: 'a'.repeat(40) },
    visibleTo: ['github-ada'],
  });
  const [one, two] = await Promise.all(
    ['one', 'two'].map(async (slug) => (await ada.client('createProject', { body: { repo: 'ada/site', slug } })).data),
  );
  if (!one || !two) throw new Error('no projects');
  const { token, project_ids } = await make({
    scopes: [...readOnlyScopes, 'projects:write'],
    projects: ['one', one.id],
  });
  expect(project_ids).toEqual([one.id]);
  const client = createClient({
    origin: 'https://api.miaobu.localhost',
    token,
    fetch: async (input, init) => {
      const { pathname, search } = new URL(String(input));
      const answer = await api.ask(init?.method ?? 'GET', pathname + search, {
        headers: init?.headers as Record<string, string>,
        ...(init?.body ? { body: init.body } : {}),
      });
      return new Response(answer.text, { status: answer.status });
    },
  });
  expect((await client('getProject', { params: { project: 'one' } })).data.id).toBe(one.id);
  for (const project of ['two', two.id]) {
    await expect(client('getProject', { params: { project } })).rejects.toMatchObject({ status: 404 });
    await expect(client('deleteProject', { params: { project } })).rejects.toMatchObject({ status: 404 });
  }
  expect((await client('listProjects', {})).data.map(({ id }) => id)).toEqual([one.id]);
  await expect(client('createProject', { body: { repo: 'ada/site', slug: 'three' } })).rejects.toMatchObject({
    status: 403,
    code: 'forbidden',
  });
  expect((await ada.client('listProjects', {})).data).toHaveLength(2);
});

test("a token cannot be created for another's project", async () => {
  await expect(make({ projects: ['not-mine'] })).rejects.toMatchObject({ code: 'not_found' });
});
