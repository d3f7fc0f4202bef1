import { api as table } from '@miaobu/shared/contracts/api';
import type { Endpoint } from '@miaobu/shared/contracts/endpoint';
import { openDatabase } from '@miaobu/shared/db/database';
import { sql } from '@miaobu/shared/db/sql';
import { mintApiToken } from '@miaobu/shared/kernel/api-token';
import { repositories } from '@miaobu/shared/model/repositories';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, type SignedUpUser } from '../../tests/database/api-under-test.ts';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';

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
});
afterAll(() => own.close());

const USER = '/api/v1/user';
const PROJECTS = '/api/v1/projects';
const json = { 'content-type': 'application/json' };
const withToken = (token: string) => api.ask('GET', USER, { headers: { authorization: `Bearer ${token}` } });

test('a token identifies its user', async () => {
  const { data } = await ada.client('getUser', {});
  expect(data).toEqual({
    id: expect.stringMatching(/^usr_[0-9a-z]{26}$/),
    github_login: 'ada',
    created_at: ada.user.createdAt.toISOString(),
  });
});

test('every non-public operation authenticates before it validates the request', async () => {
  for (const { method, path, access } of Object.values<Endpoint>(table)) {
    if (access === 'public') continue;
    const asked = path.replace(/\{\w+\}/g, 'something');
    const answer = await api.ask(method, `${asked}?nonsense=1`);
    expect([answer.status, answer.body.error?.code], `${method} ${path}`).toEqual([401, 'unauthorized']);
  }
});

test('a missing, garbled, unknown, revoked or expired token gets the same 401', async () => {
  const headers = { 'x-request-id': 'the-same' };
  const texts = new Set<string>();
  const refused = async (name: string, authorization: string | undefined) => {
    const answer = await api.ask('GET', USER, {
      headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
    });
    expect(answer.status, name).toBe(401);
    texts.add(answer.text);
  };
  const { token } = ada;
  await refused('missing', undefined);
  await refused('empty', '');
  await refused('without its scheme', token);
  await refused('of another scheme', `Basic ${token}`);
  await refused('a word', 'Bearer anything');
  await refused('cut', `Bearer ${token.slice(0, -1)}`);
  await refused('with more behind it', `Bearer ${token}0`);
  await refused('in two parts', `Bearer ${token} ${token}`);
  await refused('never given out', `Bearer ${mintApiToken().token}`);
  expect((await withToken(token)).status).toBe(200);

  await own.db.query(sql`update api_tokens set expires_at = db_now() + interval '1 minute'`);
  expect((await withToken(token)).status).toBe(200);
  await own.moveClock(61);
  await refused('expired', `Bearer ${token}`);
  await own.db.query(sql`update api_tokens set expires_at = null`);
  expect((await withToken(token)).status).toBe(200);
  await own.db.query(sql`update api_tokens set revoked_at = db_now()`);
  await refused('revoked', `Bearer ${token}`);
  expect(texts.size).toBe(1);
});

test('a token with a mistyped character costs no query', async () => {
  const before = api.tokenLookups();
  const typo = `${ada.token.slice(0, 20)}${ada.token[20] === 'x' ? 'y' : 'x'}${ada.token.slice(21)}`;
  expect((await withToken(typo)).status).toBe(401);
  expect(api.tokenLookups()).toBe(before);
  expect((await withToken(ada.token)).status).toBe(200);
  expect(api.tokenLookups()).toBe(before + 1);
});

test('the database holds no token, and records its use at most once a minute', async () => {
  const [stored] = await own.db.query<Record<string, unknown>>(sql`select to_jsonb(t)::text as row from api_tokens t`);
  expect(String(stored?.row)).not.toContain(ada.token.slice('mb_live_'.length + 4));
  const lastUsed = async () =>
    (await own.db.query<{ at: Date | null }>(sql`select last_used_at as at from api_tokens`))[0]?.at?.getTime();
  expect(await lastUsed()).toBeUndefined();
  await withToken(ada.token);
  const first = await lastUsed();
  expect(first).toBeGreaterThan(0);
  await withToken(ada.token);
  expect(await lastUsed()).toBe(first);
  await own.moveClock(61);
  await withToken(ada.token);
  expect(await lastUsed()).toBeGreaterThan(first ?? 0);
});

test('a path that is not in the table is 404, and so is one next to it', async () => {
  for (const path of [
    '/nothing',
    '/api/v1',
    '/api/v1/nothing',
    '/api/v2/user',
    `${USER}/`,
    '/api/v1/users',
    '/metrics',
  ]) {
    const answer = await ada.ask('GET', path);
    expect([answer.status, answer.body.error?.code], path).toEqual([404, 'not_found']);
  }
});

test('a method that a path does not support is 405 and lists the supported ones', async () => {
  const answer = await ada.ask('DELETE', PROJECTS);
  expect([answer.status, answer.body.error?.code]).toEqual([405, 'method_not_allowed']);
  expect(answer.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'POST']);
  const single = await ada.ask('POST', USER, { body: '{}', headers: json });
  expect([single.status, single.headers.get('allow')]).toEqual([405, 'GET']);
});

test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''])(
  "a body of type %j is 415, so that another site's form cannot act for a user",
  async (type) => {
    const answer = await ada.ask('POST', PROJECTS, { body: '{"repo":"ada/site"}', headers: { 'content-type': type } });
    expect([answer.status, answer.body.error?.code]).toEqual([415, 'unsupported_media_type']);
  },
);

test.each(['', '{', "{'repo':'a/b'}", '{"repo":"a/b"} trailing', '['.repeat(100_000)])(
  'a body that is not JSON is 400',
  async (body) => {
    const answer = await ada.ask('POST', PROJECTS, { body, headers: json });
    expect([answer.status, answer.body.error?.code]).toEqual([400, 'invalid_json']);
    expect(answer.text).not.toContain('Unexpected');
  },
);

test('a body above a megabyte is 413', async () => {
  const body = JSON.stringify({ repo: 'ada/site', name: 'x'.repeat(1024 * 1024) });
  expect((await ada.ask('POST', PROJECTS, { body, headers: json })).status).toBe(413);
});

test('an operation without a body or query accepts neither, and several mistakes are reported at once', async () => {
  expect((await ada.ask('GET', `${USER}?debug=1`)).status).toBe(422);
  const answer = await ada.ask('POST', PROJECTS, { body: '{"repo":1,"spa":"x","extra":true}', headers: json });
  const paths = answer.body.error?.details?.fields?.map(({ path }) => path);
  expect(paths?.sort()).toEqual(['body', 'body.repo', 'body.spa']);
});

test('every response carries the security headers, whatever its status', async () => {
  const answers = [
    await ada.ask('GET', USER),
    await api.ask('GET', USER),
    await api.ask('GET', '/nothing'),
    await ada.ask('DELETE', USER),
    await api.ask('GET', '/health/live'),
    await ada.ask('POST', PROJECTS, { body: '{', headers: json }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 401, 404, 405, 200, 400]);
  for (const { headers } of answers) {
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'content-type': expect.stringMatching(/^application\/json/),
      'cross-origin-resource-policy': 'same-site',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.stringMatching(/^[\w=:.-]{1,128}$/),
    });
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('server')).toBeNull();
  }
});

test("a caller's request id is echoed and logged; one that could break a line is replaced", async () => {
  const given = await ada.ask('GET', '/nothing', { headers: { 'x-request-id': 'from-the-caller:1' } });
  expect(given.headers.get('x-request-id')).toBe('from-the-caller:1');
  expect(given.body.request_id).toBe('from-the-caller:1');
  expect(api.log.at(-1)).toContain('"requestId":"from-the-caller:1"');
  for (const hostile of ['a b', '<script>', '"}', 'é', 'x'.repeat(129), '{{7*7}}']) {
    const answer = await ada.ask('GET', '/nothing', { headers: { 'x-request-id': hostile } });
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'));
    expect(api.log.at(-1)).not.toContain(hostile);
  }
});

test('a request leaves one line in the log, without its token or query', async () => {
  const before = api.log.length;
  await ada.ask('GET', `${USER}?access=secret-in-the-query`);
  const lines = api.log.slice(before);
  expect(lines.filter((line) => line.includes('"message":"request"'))).toHaveLength(1);
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ level: 'info', method: 'GET', path: USER, status: 422 });
  expect(lines.join('')).not.toContain('secret-in-the-query');
  expect(lines.join('')).not.toContain(ada.token);
});

test('an internal error reveals neither statement nor stack; the log has both', async () => {
  await own.db.query(sql`alter table users rename column github_login to renamed`);
  const answer = await ada.ask('GET', USER, { headers: { 'x-request-id': 'find-me' } });
  await own.db.query(sql`alter table users rename column renamed to github_login`);
  expect(answer.status).toBe(500);
  expect(answer.body).toEqual({
    error: {
      code: 'internal',
      message: 'Something went wrong here. Try again; if the problem persists, report the request id.',
    },
    request_id: 'find-me',
  });
  const line = api.log.find((each) => each.includes('find-me') && each.includes('github_login'));
  expect(line).toContain('"stack":');
});

test('while the database is unavailable, readiness and every operation are 503 with Retry-After; the instance stays alive', async () => {
  const db = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/nothing', poolSize: 1 });
  const away = apiUnderTest({ store: repositories(db), sealer: own.sealer });
  for (const path of ['/health/ready', USER]) {
    const answer = await away.ask('GET', path, { headers: { authorization: `Bearer ${ada.token}` } });
    expect([answer.status, answer.body.error?.code]).toEqual([503, 'database_unavailable']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.text).not.toContain('ECONNREFUSED');
    expect(answer.text).not.toContain('127.0.0.1');
  }
  expect((await away.ask('GET', '/health/live')).status).toBe(200);
  await db.close();
});

test('an instance whose database does not answer within a second is not ready', async () => {
  const silent = apiUnderTest(own, { assertReady: () => new Promise<never>(() => {}) });
  const answer = await silent.ask('GET', '/health/ready');
  expect([answer.status, answer.body.error?.code]).toEqual([503, 'database_unavailable']);
});

test('a reachable database makes the instance ready, and health reveals nothing else', async () => {
  expect((await api.ask('GET', '/health/ready')).body).toEqual({ data: { ready: true } });
  expect((await api.ask('GET', '/health/live')).body).toEqual({ data: { live: true } });
});

test("a malformed path, or one with text that Postgres cannot store, is the request's mistake", async () => {
  expect((await ada.ask('GET', `${PROJECTS}/%E0%A4%A`)).status).toBe(404);
  const answer = await ada.ask('GET', `${PROJECTS}/%00`);
  expect([answer.status, answer.body.error?.code]).toEqual([422, 'invalid_request']);
});
