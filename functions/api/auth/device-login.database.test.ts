import { sql } from '@miaobu/shared/db/sql';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiUnderTest, apiUnderTest, ORIGIN, type RawAnswer } from '../../../tests/database/api-under-test.ts';
import { BROWSER_ADDRESS, type Browser, openBrowser } from '../../../tests/database/browser.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';

let stored: TestStore;
let api: ApiUnderTest;
let browser: Browser;
let access: string;

beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  await stored.empty();
  api = apiUnderTest(stored);
  await stored.store.accounts.upsertUser({ githubId: 1, githubLogin: 'operator' });
  await stored.store.signInRules.replace({ users: ['you'], organisations: [] });
  browser = openBrowser(api);
  const start = await browser.ask('/api/v1/auth/github');
  const state = new URL(start.headers.get('location') ?? '').searchParams.get('state') ?? '';
  await browser.ask(`/api/v1/auth/github/callback?${new URLSearchParams({ state, code: 'you' })}`);
  access = await browser.accessToken();
});
afterAll(() => stored.close());

interface Started {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
  readonly interval: number;
  readonly expires_in: number;
}

const post = (path: string, body: unknown, token?: string) =>
  api.ask('POST', path, {
    headers: {
      'content-type': 'application/json',
      'x-fc-client-ip': '198.51.100.4',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
const start = async (body: object = { client_name: 'miaobu on laptop' }) =>
  (await post('/api/v1/auth/device', body)).body.data as Started;
const poll = (deviceCode: string) => post('/api/v1/auth/device/token', { device_code: deviceCode });
const codeOf = (answer: RawAnswer) => [answer.status, answer.body.error?.code];
const approve = (userCode: string, scopes = ['account:read'], token = access) =>
  post(`/api/v1/device-logins/${userCode}/approve`, { scopes }, token);
const form = (fields: readonly (readonly [string, string])[], headers: Record<string, string> = { origin: ORIGIN }) =>
  browser.ask('/device', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields.map(([name, value]) => [name, value])).toString(),
  });
const audits = () =>
  stored.db.query<{ action: string; address: string | null; details: object }>(
    sql`select action, address, details from audit_log where action <> 'session.started' order by id`,
  );

test('a user signs a program in: it waits, is approved, and gets its token once', async () => {
  const login = await start();
  expect(login).toMatchObject({ interval: 5, expires_in: 900, verification_uri: `${ORIGIN}/device` });
  expect(login.verification_uri_complete).toBe(`${ORIGIN}/device?user_code=${login.user_code}`);
  expect(codeOf(await poll(login.device_code))).toEqual([400, 'authorization_pending']);

  const shown = await api.ask('GET', `/api/v1/device-logins/${login.user_code.toLowerCase()}`, {
    headers: { authorization: `Bearer ${access}` },
  });
  expect(shown.body.data).toMatchObject({ client_name: 'miaobu on laptop', address: '198.51.100.4' });
  expect((await approve(login.user_code, ['account:read', 'projects:read'])).status).toBe(200);

  const answer = await poll(login.device_code);
  const { token, scopes } = answer.body.data as { token: string; scopes: string[] };
  expect([answer.status, scopes]).toEqual([200, ['account:read', 'projects:read']]);
  const who = await api.ask('GET', '/api/v1/user', { headers: { authorization: `Bearer ${token}` } });
  expect(who.body.data).toMatchObject({ github_login: 'you' });
  expect(codeOf(await poll(login.device_code))).toEqual([400, 'expired_token']);
  expect(await audits()).toMatchObject([
    { action: 'device_login.approved', details: { client_name: 'miaobu on laptop', asked_from: '198.51.100.4' } },
    { action: 'token.created', address: '198.51.100.4', details: { by: 'device login' } },
  ]);
  const [dump] = await stored.db.query<{ text: string }>(sql`
    select string_agg(query_to_xml(format('select * from %I', tablename), true, false, '')::text, '') as text
      from pg_tables where schemaname = 'public'`);
  expect(dump?.text).toContain('miaobu on laptop');
  for (const secret of [token, login.device_code]) expect(dump?.text).not.toContain(secret);
});

test('of many concurrent polls at the moment of approval one gets the token', async () => {
  const login = await start();
  await approve(login.user_code);
  const answers = await Promise.all(Array.from({ length: 6 }, () => poll(login.device_code)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400, 400]);
  const [row] = await stored.db.query<{ count: number }>(sql`select count(*) as count from api_tokens`);
  expect(row?.count).toBe(1);
});

test('a program that polls too often is told to slow down, five seconds more each time', async () => {
  const login = await start();
  const ask = async () => {
    const { body } = await poll(login.device_code);
    return [body.error?.code, (body.error?.details as { interval?: number } | undefined)?.interval];
  };
  expect(await ask()).toEqual(['authorization_pending', 5]);
  expect(await ask()).toEqual(['slow_down', 10]);
  await stored.moveClock(6);
  expect(await ask()).toEqual(['slow_down', 15]);
  await stored.moveClock(16);
  expect(await ask()).toEqual(['authorization_pending', 15]);
});

test('a denied program is told so, and an expired or unknown request has ended', async () => {
  const denied = await start();
  expect((await post(`/api/v1/device-logins/${denied.user_code}/deny`, {}, access)).status).toBe(200);
  expect(codeOf(await poll(denied.device_code))).toEqual([400, 'access_denied']);
  expect(codeOf(await approve(denied.user_code))).toEqual([404, 'not_found']);

  const late = await start();
  await stored.moveClock(15 * 60 + 1);
  expect(codeOf(await poll(late.device_code))).toEqual([400, 'expired_token']);
  expect(codeOf(await poll('never was'))).toEqual([400, 'expired_token']);
});

test('an approval is not redeemed after its expiry, nor when its giver was disabled meanwhile', async () => {
  const late = await start();
  await approve(late.user_code);
  await stored.moveClock(15 * 60 + 1);
  expect(codeOf(await poll(late.device_code))).toEqual([400, 'expired_token']);

  const login = await start();
  access = await browser.accessToken();
  await approve(login.user_code);
  const [you] = await stored.store.accounts.list({ limit: 1 });
  await stored.store.accounts.setDisabled(you?.id ?? '', true);
  expect(codeOf(await poll(login.device_code))).toEqual([400, 'access_denied']);
});

const fillTokens = (n: number) =>
  stored.db.query(sql`
    insert into api_tokens (user_id, name, prefix, token_sha256)
    select u.id, 'many', 'mb_live_', sha256(n::text::bytea)
      from users u cross join generate_series(1, ${n}::int) n where u.github_login = 'you'`);
const revokeOneToken = () =>
  stored.db.query(sql`
    update api_tokens set revoked_at = db_now() where id = (select id from api_tokens where revoked_at is null limit 1)`);

test('approvals never give an account more than 50 tokens, even concurrently, and become redeemable when there is room', async () => {
  const [one, two, three] = [await start(), await start(), await start()];
  await fillTokens(49);
  for (const login of [one, two]) expect((await approve(login.user_code)).status).toBe(200);
  const answers = await Promise.all([poll(one.device_code), poll(two.device_code)]);
  expect(answers.map(codeOf).sort()).toEqual([
    [200, undefined],
    [403, 'limit_reached'],
  ]);
  expect(codeOf(await approve(three.user_code))).toEqual([403, 'limit_reached']);

  const refused = answers[0]?.status === 403 ? one : two;
  await revokeOneToken();
  await stored.moveClock(10);
  expect(codeOf(await poll(refused.device_code))).toEqual([200, undefined]);
});

test('the page says that there is no room for another token, and the login keeps waiting', async () => {
  const login = await start();
  await fillTokens(50);
  const fields = [
    ['user_code', login.user_code],
    ['scope', 'account:read'],
    ['decision', 'approve'],
  ] as const;
  const full = await form(fields);
  expect([full.status, await full.text()]).toEqual([403, expect.stringContaining('50 API tokens')]);
  await revokeOneToken();
  expect(await (await form(fields)).text()).toContain('is authorized');
});

test('only a session can approve a program, which gets no more than its user has', async () => {
  const login = await start();
  const { token } = await api.signUp('other');
  expect(codeOf(await approve(login.user_code, ['account:read'], token))).toEqual([403, 'forbidden']);
  expect(codeOf(await approve(login.user_code, ['platform:write']))).toEqual([422, 'invalid_request']);
  expect(codeOf(await approve('BCDF-GHJK'))).toEqual([404, 'not_found']);
  expect(codeOf(await approve('no code'))).toEqual([404, 'not_found']);
  expect(codeOf(await poll(login.device_code))).toEqual([400, 'authorization_pending']);
});

test.each(['', '   ', 'x'.repeat(61), 'a\nb', 'a\u202eb', 'a\u200bb', 'a\0b'])(
  'a program may not call itself %j',
  async (name) => {
    expect(codeOf(await post('/api/v1/auth/device', { client_name: name }))).toEqual([422, 'invalid_request']);
  },
);

test('the page redirects signed-out users to GitHub, and back to the same code', async () => {
  const login = await start();
  const page = await openBrowser(api).ask(`/device?user_code=${login.user_code}`);
  const html = await page.text();
  expect(page.status).toBe(200);
  expect(html).not.toContain('miaobu on laptop');
  const [, href = ''] = /href="([^"]+)"/.exec(html) ?? [];
  const next = new URL(href.replaceAll('&amp;', '&'), ORIGIN).searchParams.get('next');
  expect(next).toBe(`/device?user_code=${login.user_code}`);
});

test("the page shows the program's name as text, unframed, without a script, and lists the requested scopes", async () => {
  const login = await start({ client_name: '<script>alert(1)</script>"&', scopes: ['projects:read'] });
  const page = await browser.ask(`/device?user_code=${login.user_code}`);
  const html = await page.text();
  expect(html).not.toContain('<script');
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;');
  expect(html).toContain(login.user_code);
  expect(html).toContain('198.51.100.4');
  expect([...html.matchAll(/value="([a-z]+:[a-z]+)" checked/g)].map(([, scope]) => scope)).toEqual(['projects:read']);
  expect(html).not.toContain('platform:');
  const policy = page.headers.get('content-security-policy') ?? '';
  const [, nonce] = /style-src 'nonce-([\w-]{22})'/.exec(policy) ?? [];
  expect(html).toContain(`<style nonce="${nonce}">`);
  for (const rule of ["default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"]) {
    expect(policy).toContain(rule);
  }
  expect(policy).not.toMatch(/unsafe|script-src/);
  expect(page.headers.get('strict-transport-security')).toContain('max-age=31536000');
  expect(page.headers.get('cross-origin-opener-policy')).toBe('same-origin');
  expect(page.headers.get('x-content-type-options')).toBe('nosniff');
});

test('approving on the page grants the ticked scopes', async () => {
  const login = await start();
  const answer = await form([
    ['user_code', login.user_code],
    ['scope', 'account:read'],
    ['scope', 'deployments:deploy'],
    ['decision', 'approve'],
  ]);
  expect(await answer.text()).toContain('is authorized');
  const { scopes } = (await poll(login.device_code)).body.data as { scopes: string[] };
  expect(scopes).toEqual(['account:read', 'deployments:deploy']);
  expect((await audits())[0]).toMatchObject({ action: 'device_login.approved', address: BROWSER_ADDRESS });
});

test.each([
  [
    'denies',
    [
      ['scope', 'account:read'],
      ['decision', 'deny'],
    ],
  ],
  ['approves nothing', [['decision', 'approve']]],
] as const)('a user who %s on the page does not approve the program', async (_, fields) => {
  const login = await start();
  const answer = await form([['user_code', login.user_code], ...fields]);
  expect(await answer.text()).toContain('was denied');
  expect(codeOf(await poll(login.device_code))).toEqual([400, 'access_denied']);
});

test('S-A10: no page of another origin can approve, nor can the form be sent without an origin', async () => {
  const login = await start();
  const fields = [
    ['user_code', login.user_code],
    ['scope', 'account:read'],
    ['decision', 'approve'],
  ] as const;
  for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, {}]) {
    expect((await form(fields, headers)).status).toBe(403);
  }
  expect(codeOf(await poll(login.device_code))).toEqual([400, 'authorization_pending']);
});

test('guessing codes is rate limited', async () => {
  const { app } = apiUnderTest(stored, { rateLimitScale: 1 });
  const guess = () =>
    app.request(`${ORIGIN}/device?user_code=BCDF-GHJK`, { headers: { 'x-fc-client-ip': '198.51.100.5' } });
  const statuses = [(await guess()).status];
  // However slowly the others follow, no bucket refills meanwhile.
  await stored.db.query(sql`update rate_limits set filled_at = db_now() + interval '1 hour'`);
  while (statuses.length < 61) statuses.push((await guess()).status);
  expect(statuses).toEqual([...Array<number>(60).fill(200), 429]);
});

test('platform scopes added to the form grant nothing', async () => {
  const login = await start();
  const answer = await form([
    ['user_code', login.user_code],
    ['scope', 'platform:write'],
    ['decision', 'approve'],
  ]);
  expect(answer.status).toBe(422);
  expect(codeOf(await poll(login.device_code))).toEqual([400, 'authorization_pending']);
});

test('after a sign-in without a destination, a page shows the signed-in user', async () => {
  expect(await (await browser.ask('/')).text()).toContain('You are signed in as you.');
  expect(await (await openBrowser(api).ask('/')).text()).toContain('You are not signed in.');
});

test('the page reports an unknown code, and a session that has ended', async () => {
  const missing = await browser.ask('/device?user_code=BCDF-GHJK');
  expect([missing.status, await missing.text()]).toEqual([404, expect.stringContaining('No login is waiting')]);
  const login = await start();
  await post('/api/v1/auth/sign-out', {}, access);
  expect(await (await browser.ask(`/device?user_code=${login.user_code}`)).text()).toContain('Sign in with GitHub');
  const answer = await form([
    ['user_code', login.user_code],
    ['scope', 'account:read'],
    ['decision', 'approve'],
  ]);
  expect(await answer.text()).toContain('Sign in with GitHub');
  expect(codeOf(await poll(login.device_code))).toEqual([400, 'authorization_pending']);
});
