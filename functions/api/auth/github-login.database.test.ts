import { githubLogin } from '@miaobu/shared/adapters/github/github-login';
import { sql } from '@miaobu/shared/db/sql';
import { githubTokenContext } from '@miaobu/shared/model/account/account-repository';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { other, type RunningGithub, startGithub, you } from '../../../local/github/start-github-for-tests.ts';
import { createFaults } from '../../../local/wire/faults.ts';
import { type ApiUnderTest, apiUnderTest, ORIGIN } from '../../../tests/database/api-under-test.ts';
import { BROWSER_ADDRESS, openBrowser } from '../../../tests/database/browser.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';

const application = {
  clientId: 'Ov23ofTheTest',
  clientSecret: 'secret of the application',
  name: 'Miaobu',
  callbackUrl: () => `${ORIGIN}/api/v1/auth/github/callback`,
};
const githubApp = { ...application, clientId: 'Iv23ofTheTest' };

const faults = createFaults();
let github: RunningGithub;
let stored: TestStore;
let api: ApiUnderTest;

const apiWith = ({ clientId, clientSecret } = application) =>
  apiUnderTest(stored, {
    identity: {
      login: githubLogin({
        apiUrl: `${github.base}/api/v3`,
        webUrl: github.base,
        clientId,
        clientSecret: async () => clientSecret,
      }),
    },
  });

beforeAll(async () => {
  github = await startGithub({
    applications: [application, githubApp],
    organisations: { 'Example-Org': ['you'] },
    through: (emulator) => faults.wrap('github', emulator),
  });
  stored = await openTestStore();
});
beforeEach(async () => {
  await stored.empty();
  api = apiWith();
});
afterEach(() => faults.clear());
afterAll(async () => {
  await github.close();
  await stored.close();
});

const codeOf = async (response: Response) =>
  ((await response.json()) as { error?: { code: string; details?: object } }).error;
const count = async (table: 'users' | 'sessions') => {
  const rows = await stored.db.query<{ count: number }>(
    table === 'users' ? sql`select count(*) as count from users` : sql`select count(*) as count from sessions`,
  );
  return rows[0]?.count;
};
const audits = () =>
  stored.db.query<{ action: string; subject: string; address: string | null; details: Record<string, unknown> }>(
    sql`select action, subject, address, details from audit_log order by id`,
  );
const letIn = (rules: { users?: string[]; organisations?: string[] }) =>
  stored.store.transaction((repositories) =>
    repositories.signInRules.replace({ users: [], organisations: [], ...rules }),
  );
/** Makes somebody else the first user. */
const settle = () => stored.store.accounts.upsertUser({ githubId: 1, githubLogin: 'operator' });

test('the first user to sign in becomes administrator, and is redirected to their destination', async () => {
  const browser = openBrowser(api);
  const response = await browser.signIn('you', '/device?user_code=BCDF-GHJK');
  expect(response.status).toBe(302);
  expect(response.headers.get('location')).toBe('/device?user_code=BCDF-GHJK');
  const [user] = await stored.store.accounts.list({ limit: 2 });
  expect(user).toMatchObject({ githubLogin: 'you', isAdmin: true, disabledAt: null });

  const token = await browser.accessToken();
  const asked = await browser.ask('/api/v1/user', { headers: { authorization: `Bearer ${token}` } });
  expect(await asked.json()).toMatchObject({ data: { github_login: 'you' } });
  expect(await audits()).toMatchObject([
    { action: 'session.started', address: BROWSER_ADDRESS, details: { github_login: 'you', first_user: true } },
  ]);
});

test('of several concurrent first users one becomes administrator', async () => {
  const answers = await Promise.all(['you', 'other', 'miaobu'].map((login) => openBrowser(api).signIn(login)));
  expect(answers.map(({ status }) => status).sort()).toEqual([302, 403, 403]);
  const users = await stored.store.accounts.list({ limit: 5 });
  expect(users.map(({ isAdmin }) => isAdmin)).toEqual([true]);
});

test('a stranger gets an explanatory page, no account and no session, and their GitHub token is revoked', async () => {
  await settle();
  const browser = openBrowser(api);
  const response = await browser.signIn('other');
  expect(response.status).toBe(403);
  expect(response.headers.get('content-type')).toContain('text/html');
  expect(await response.text()).toContain('may not use this platform');
  expect(response.headers.getSetCookie()).toEqual([]);
  expect([await count('users'), await count('sessions')]).toEqual([1, 0]);
  expect(await audits()).toMatchObject([
    {
      action: 'sign_in.refused',
      subject: 'github:other',
      address: BROWSER_ADDRESS,
      details: { reason: 'not_invited', github_id: other.id },
    },
  ]);
});

test('a failing revocation of a refused token changes nothing for the stranger', async () => {
  await settle();
  const browser = openBrowser(api);
  const back = await browser.consent('other');
  faults.inject({ service: 'github', method: 'DELETE', fault: { kind: 'error', status: 500 } });
  const response = await browser.ask(`${back.pathname}${back.search}`);
  expect(response.status).toBe(403);
  expect(await codeOf(response)).toMatchObject({ code: 'sign_in_refused', details: { reason: 'not_invited' } });
});

test('users named by the rules get in: by name in any case, and as members of an organisation', async () => {
  await settle();
  await letIn({ users: ['OTHER'] });
  expect((await openBrowser(api).signIn('other')).status).toBe(302);
  expect((await openBrowser(api).signIn('you')).status).toBe(403);
  await letIn({ organisations: ['example-org'] });
  expect((await openBrowser(api).signIn('you')).status).toBe(302);
  expect((await openBrowser(api).signIn('miaobu')).status).toBe(403);
  const users = await stored.store.accounts.list({ limit: 5 });
  expect(users.map(({ isAdmin }) => isAdmin)).toEqual([false, false, false]);
});

test('an existing account gets in whatever the rules say, until it is disabled', async () => {
  const user = await stored.store.accounts.upsertUser({ githubId: you.id, githubLogin: 'renamed-since' });
  expect((await openBrowser(api).signIn('you')).status).toBe(302);
  expect(await stored.store.accounts.find(user.id)).toMatchObject({ githubLogin: 'you' });

  await stored.store.accounts.setDisabled(user.id, true);
  await letIn({ users: ['you'], organisations: ['example-org'] });
  const refused = await openBrowser(api).signIn('you');
  expect(refused.status).toBe(403);
  expect(await count('sessions')).toBe(1);
  expect((await audits()).at(-1)).toMatchObject({ action: 'sign_in.refused', details: { reason: 'disabled' } });
});

test('S-A2: the code is requested with an S256 challenge, and exchanged with the verifier, which no browser sees', async () => {
  const browser = openBrowser(api);
  const start = await browser.ask('/api/v1/auth/github');
  const authorize = new URL(start.headers.get('location') ?? '');
  expect(Object.fromEntries(authorize.searchParams)).toMatchObject({
    code_challenge_method: 'S256',
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    state: expect.stringMatching(/^[\w-]{43}$/),
    redirect_uri: `${ORIGIN}/api/v1/auth/github/callback`,
  });
  expect([...authorize.searchParams.keys()]).not.toContain('code_verifier');
  // The local GitHub refuses a code without its verifier, so this sign-in proves that it was sent.
  expect((await browser.signIn('you')).status).toBe(302);
});

test('HEAD requests neither start nor finish a sign-in', async () => {
  const browser = openBrowser(api);
  const back = await browser.consent('you');
  const attempts = () =>
    stored.db.query<object>(sql`select state_sha256, used_at from login_attempts order by expires_at`);
  const before = await attempts();
  for (const path of ['/api/v1/auth/github', `${back.pathname}${back.search}`]) {
    const answer = await browser.ask(path, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET']);
    expect(answer.headers.getSetCookie()).toEqual([]);
  }
  expect(await attempts()).toEqual(before);
  expect(await count('sessions')).toBe(0);
  expect((await browser.ask(`${back.pathname}${back.search}`)).status).toBe(302);
});

test('S-A1: a callback without state, or with a foreign, expired or used one, is refused, and starts no session', async () => {
  const callback = '/api/v1/auth/github/callback';
  const expectRefused = async (response: Response) => {
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toMatchObject({ code: 'sign_in_expired' });
    expect(response.headers.getSetCookie()).toEqual([]);
  };
  const browser = openBrowser(api);
  const good = await browser.consent('you');
  const code = good.searchParams.get('code') ?? '';
  await expectRefused(await browser.ask(callback));
  await expectRefused(await browser.ask(`${callback}?code=${code}`));
  await expectRefused(await browser.ask(`${callback}?code=${code}&state=${'A'.repeat(43)}`));
  await expectRefused(await browser.ask(`${callback}?state=${good.searchParams.get('state')}`));
  expect(await count('sessions')).toBe(0);

  const used = await browser.consent('you');
  expect((await browser.ask(`${used.pathname}${used.search}`)).status).toBe(302);
  await expectRefused(await browser.ask(`${used.pathname}${used.search}`));

  const old = await browser.consent('you');
  await stored.moveClock(10 * 60 + 1);
  await expectRefused(await browser.ask(`${old.pathname}${old.search}`));
  expect(await count('sessions')).toBe(1);
});

test('S-A3: a sign-in started by one browser cannot be finished by another, and the first still can', async () => {
  const [mine, theirs] = [openBrowser(api), openBrowser(api)];
  const back = await mine.consent('you');
  await theirs.ask('/api/v1/auth/github');
  for (const stranger of [theirs, openBrowser(api)]) {
    const response = await stranger.ask(`${back.pathname}${back.search}`);
    expect(response.status).toBe(400);
    expect(stranger.cookies.has('__Host-mb_refresh')).toBe(false);
  }
  expect((await mine.ask(`${back.pathname}${back.search}`)).status).toBe(302);
});

test('two tabs of one browser may sign in at the same time', async () => {
  const browser = openBrowser(api);
  const [first, second] = [await browser.consent('you', '/a'), await browser.consent('you', '/b')];
  const answers = [
    await browser.ask(`${first.pathname}${first.search}`),
    await browser.ask(`${second.pathname}${second.search}`),
  ];
  expect(answers.map(({ headers }) => headers.get('location'))).toEqual(['/a', '/b']);
});

test.each(['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)', '/\t/evil.example'])(
  'S-A4: the destination %j becomes /',
  async (next) => {
    const response = await openBrowser(api).signIn('you', next);
    expect(response.headers.get('location')).toBe('/');
  },
);

test('S-A5, S-A6: the browser learns of the sign-in only by cookies, which only this host gets', async () => {
  const browser = openBrowser(api);
  const back = await browser.consent('you', '/device');
  const response = await browser.ask(`${back.pathname}${back.search}`);
  const refresh = browser.cookies.get('__Host-mb_refresh') ?? '';
  expect(refresh).toMatch(/^[\w-]{43}$/);
  expect(response.headers.getSetCookie()).toEqual([
    `__Host-mb_refresh=${refresh}; Max-Age=604800; Path=/; Secure; HttpOnly; SameSite=Lax`,
  ]);
  expect(response.headers.get('location')).toBe('/device');
  expect(response.headers.get('referrer-policy')).toBe('no-referrer');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const start = await openBrowser(api).ask('/api/v1/auth/github');
  expect(start.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^__Host-mb_login=[\w-]{43}; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=Lax$/),
  ]);
  const code = back.searchParams.get('code') ?? '';
  const state = back.searchParams.get('state') ?? '';
  const access = await browser.accessToken();
  for (const secret of [refresh, code, state, access, browser.cookies.get('__Host-mb_refresh') ?? '']) {
    expect(secret).not.toBe('');
    expect(api.log.join('\n')).not.toContain(secret);
  }
});

test('S-A11: GitHub’s token is stored sealed in the database and nowhere else, and opens for its user only', async () => {
  const browser = openBrowser(api);
  await browser.signIn('you');
  const [user] = await stored.store.accounts.list({ limit: 1 });
  const id = user?.id ?? '';
  const token = await stored.sealer.open(
    (await stored.store.accounts.findGithubGrant(id))?.sealed ?? '',
    githubTokenContext(id),
  );
  expect(token).toMatch(/^gho_/);
  const [everything] = await stored.db.query<{ dump: string }>(sql`
    select string_agg(query_to_xml(format('select * from %I', tablename), true, false, '')::text, '') as dump
      from pg_tables where schemaname = 'public'`);
  const dump = everything?.dump ?? '';
  expect(dump).toContain('session.started');
  expect(dump).not.toMatch(/gh[ou]_/);
  expect(dump).not.toContain(Buffer.from(token).toString('base64').slice(0, -4));
  for (const cookie of browser.cookies.values()) expect(dump).not.toContain(cookie);
  expect(api.log.join('\n')).not.toContain(token);
});

test('a GitHub App requests no scopes, and its refresh token is sealed too', async () => {
  api = apiWith(githubApp);
  const browser = openBrowser(api);
  const start = await browser.ask('/api/v1/auth/github');
  expect(new URL(start.headers.get('location') ?? '').searchParams.has('scope')).toBe(false);
  expect((await browser.signIn('you')).status).toBe(302);
  const [row] = await stored.db.query<{ refresh: string; expiresAt: Date }>(
    sql`select github_refresh_token_sealed as refresh, github_token_expires_at as expires_at from users`,
  );
  expect(row?.refresh).toMatch(/^v\d+\./);
  expect(row?.expiresAt).toBeInstanceOf(Date);
});

test('a user who cancels at GitHub is told so, and has no session', async () => {
  const browser = openBrowser(api);
  const back = await browser.consent('nobody of this name');
  expect(back.searchParams.get('error')).toBe('access_denied');
  const response = await browser.ask(`${back.pathname}${back.search}`);
  expect(response.status).toBe(403);
  expect(await codeOf(response)).toMatchObject({ code: 'sign_in_refused', details: { reason: 'cancelled' } });
});

test('while GitHub is down a sign-in is refused for now, in words', async () => {
  const browser = openBrowser(api);
  const back = await browser.consent('you');
  faults.inject({ service: 'github', fault: { kind: 'error', status: 503 } });
  const response = await browser.ask(`${back.pathname}${back.search}`, { headers: { accept: 'text/html' } });
  expect(response.status).toBe(503);
  expect(await response.text()).toContain('GitHub does not answer');
  expect(await count('sessions')).toBe(0);
});
