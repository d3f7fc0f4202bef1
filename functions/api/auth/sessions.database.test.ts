import { createHmac, generateKeyPairSync } from 'node:crypto';
import { sql } from '@miaobu/shared/db/sql';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { showId } from '@miaobu/shared/kernel/ids';
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type ApiUnderTest, apiUnderTest, ORIGIN, PAGE_ORIGIN } from '../../../tests/database/api-under-test.ts';
import { BROWSER_ADDRESS, type Browser, openBrowser } from '../../../tests/database/browser.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { PATIENCE } from '../../../tests/patience.ts';

let stored: TestStore;
let api: ApiUnderTest;
/** The clock of access tokens; the database's is moved separately. */
let now: () => Date;

beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  await stored.empty();
  now = () => new Date();
  api = apiUnderTest(stored, { identity: { now: () => now() } });
});
afterAll(() => stored.close());

/** A signed-in browser, using the in-memory code host, whose code is the login. */
async function signedInBrowser(login = 'you'): Promise<Browser> {
  await stored.store.signInRules.replace({ users: ['you', 'other'], organisations: [] });
  const browser = openBrowser(api);
  const start = await browser.ask('/api/v1/auth/github');
  const state = new URL(start.headers.get('location') ?? '').searchParams.get('state') ?? '';
  const answer = await browser.ask(`/api/v1/auth/github/callback?${new URLSearchParams({ state, code: login })}`);
  expect(answer.status).toBe(302);
  return browser;
}

const REFRESH = '__Host-mb_refresh';
const whoAmI = async (token: string) => (await api.ask('GET', '/api/v1/user', bearer(token))).status;
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const post = (token: string, path: string, body: unknown = {}) =>
  api.ask('POST', path, {
    headers: { ...bearer(token).headers, 'content-type': 'application/json', 'x-fc-client-ip': BROWSER_ADDRESS },
    body: JSON.stringify(body),
  });
const audits = () =>
  stored.db.query<{ action: string; address: string | null; subject: string; requestId: string }>(
    sql`select action, subject, address, request_id from audit_log order by id`,
  );
const sessionsOf = async (token: string) =>
  (await api.ask('GET', '/api/v1/sessions', bearer(token))).body.data as { id: string; current: boolean }[];

test('S-A8: a refresh token is used once; its successor works, for seven days after each use', async () => {
  const browser = await signedInBrowser();
  const seen = [browser.cookies.get(REFRESH)];
  for (let day = 0; day < 20; day += 5) {
    await stored.moveClock(5 * 24 * 60 * 60);
    expect((await browser.refresh()).status).toBe(200);
    seen.push(browser.cookies.get(REFRESH));
  }
  expect(new Set(seen).size).toBe(5);
  await stored.moveClock(7 * 24 * 60 * 60 + 1);
  expect((await browser.refresh()).status).toBe(401);
});

test('S-A8: within ten seconds the old token yields the very same successor', async () => {
  const browser = await signedInBrowser();
  const old = browser.cookies.get(REFRESH) ?? '';
  await browser.refresh();
  const successor = browser.cookies.get(REFRESH);
  await stored.moveClock(3);
  browser.cookies.set(REFRESH, old);
  expect((await browser.refresh()).status).toBe(200);
  expect(browser.cookies.get(REFRESH)).toBe(successor);
  expect((await browser.refresh()).status).toBe(200);
});

test('S-A8: many concurrent refreshes all succeed, with one successor', async () => {
  const browser = await signedInBrowser();
  const old = browser.cookies.get(REFRESH) ?? '';
  const tabs = Array.from({ length: 6 }, () => {
    const tab = openBrowser(api);
    tab.cookies.set(REFRESH, old);
    return tab;
  });
  const answers = await Promise.all(tabs.map((tab) => tab.refresh()));
  expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
  expect(new Set(tabs.map((tab) => tab.cookies.get(REFRESH))).size).toBe(1);
  const [row] = await stored.db.query<{ count: number }>(sql`select count(*) as count from refresh_tokens`);
  expect(row?.count).toBe(2);
});

test('S-A8: a concurrent refresh waits, and sees the result of the first', async () => {
  const browser = await signedInBrowser();
  const old = sha256(browser.cookies.get(REFRESH) ?? '');
  const { store, db } = stored;
  const isWaiting = async () =>
    (
      await db.query(
        sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
    ).length > 0;
  const second = await store.transaction(async ({ sessions }) => {
    const first = await sessions.lockByRefreshToken(old);
    expect(first).toMatchObject({ isLive: true, state: 'unused' });
    const waits = store.transaction((other) => other.sessions.lockByRefreshToken(old));
    await vi.waitUntil(isWaiting, PATIENCE);
    await sessions.rotate(first?.sessionId ?? '', old, sha256('the successor'));
    // Not awaited before the commit that it waits for.
    return { waits };
  });
  expect(await second.waits).toMatchObject({ isLive: true, state: 'just_used' });
});

test('S-A8: reusing an old token ends the session for everybody who has one of its tokens, and is recorded', async () => {
  const browser = await signedInBrowser();
  const untouched = await signedInBrowser();
  const stolen = browser.cookies.get(REFRESH) ?? '';
  const access = await browser.accessToken();
  await stored.moveClock(11);
  const thief = openBrowser(api);
  thief.cookies.set(REFRESH, stolen);
  expect((await thief.refresh()).status).toBe(401);
  expect((await browser.refresh()).status).toBe(401);
  expect(await whoAmI(access)).toBe(401);
  expect((await untouched.refresh()).status).toBe(200);
  expect((await audits()).at(-1)).toMatchObject({
    action: 'session.token_reused',
    subject: expect.stringMatching(/^ses_/),
    address: BROWSER_ADDRESS,
    requestId: expect.any(String),
  });
});

test('no refresh token is stored in a usable form', async () => {
  const browser = await signedInBrowser();
  await browser.refresh();
  const rows = await stored.db.query<{ row: string }>(
    sql`select to_jsonb(t)::text as row from (select *, encode(token_sha256, 'base64') as text from refresh_tokens) t`,
  );
  expect(rows).toHaveLength(2);
  expect(rows.map(({ row }) => row).join()).not.toContain(browser.cookies.get(REFRESH));
});

test.each([
  ['no cookie', () => undefined],
  ['a cookie of another form', () => 'x'],
  ['a cookie that nobody has', () => 'A'.repeat(43)],
])('a refresh with %s is refused', async (_, cookie) => {
  const browser = openBrowser(api);
  const value = cookie();
  if (value !== undefined) browser.cookies.set(REFRESH, value);
  expect((await browser.refresh()).status).toBe(401);
});

test('S-A10: another origin’s page gets nothing with the cookie, nor does a request without an origin; the token stays unused', async () => {
  const browser = await signedInBrowser();
  const before = browser.cookies.get(REFRESH);
  const ask = (headers: Record<string, string>, body = '{}') =>
    browser.ask('/api/v1/auth/refresh', { method: 'POST', body, headers });
  const json = { 'content-type': 'application/json' };
  for (const origin of ['https://evil.example', 'null', `${ORIGIN}.evil.example`, ORIGIN.replace('https', 'http')]) {
    expect((await ask({ ...json, origin })).status).toBe(403);
  }
  expect((await ask(json)).status).toBe(403);
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    expect((await ask({ 'content-type': type, origin: ORIGIN })).status).toBe(415);
  }
  expect(browser.cookies.get(REFRESH)).toBe(before);
  expect((await ask({ ...json, origin: PAGE_ORIGIN })).status).toBe(200);
});

test('S-A9: a signed-out session is refused from the next request on, and no other is', async () => {
  const [browser, elsewhere] = [await signedInBrowser(), await signedInBrowser()];
  const [access, otherAccess] = [await browser.accessToken(), await elsewhere.accessToken()];
  const kept = browser.cookies.get(REFRESH) ?? '';
  const answer = await post(access, '/api/v1/auth/sign-out');
  expect(answer.status).toBe(204);
  expect(answer.headers.getSetCookie()).toEqual([
    '__Host-mb_refresh=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax',
  ]);
  expect(await whoAmI(access)).toBe(401);
  browser.cookies.set(REFRESH, kept);
  expect((await browser.refresh()).status).toBe(401);
  expect(await whoAmI(otherAccess)).toBe(200);
  expect((await audits()).at(-1)).toMatchObject({ action: 'session.ended', address: BROWSER_ADDRESS });
});

test("S-A9: signing out everywhere ends all of the user's sessions, and nobody else’s", async () => {
  const browsers = [await signedInBrowser(), await signedInBrowser()];
  const [first, second] = await Promise.all(browsers.map((browser) => browser.accessToken()));
  const theirs = await (await signedInBrowser('other')).accessToken();
  expect((await post(first ?? '', '/api/v1/auth/sign-out-everywhere')).status).toBe(204);
  expect(await Promise.all([first, second, theirs].map((token) => whoAmI(token ?? '')))).toEqual([401, 401, 200]);
  for (const browser of browsers) expect((await browser.refresh()).status).toBe(401);
  expect((await audits()).at(-1)).toMatchObject({ action: 'session.all_ended', address: BROWSER_ADDRESS });
});

test('sessions are listed with their addresses, newest first and in pages; one may end another', async () => {
  const browsers = [await signedInBrowser(), await signedInBrowser(), await signedInBrowser()];
  const access = (await browsers[1]?.accessToken()) ?? '';
  const theirs = await (await signedInBrowser('other')).accessToken();
  const listed = await sessionsOf(access);
  expect(listed.map(({ current }) => current)).toEqual([false, true, false]);
  expect(listed[0]).toMatchObject({ user_agent: 'A browser of a test', address: BROWSER_ADDRESS });
  expect(listed.map(({ id }) => id)).toEqual([...listed.map(({ id }) => id)].sort().reverse());

  const page = await api.ask('GET', '/api/v1/sessions?limit=2', bearer(access));
  const { meta } = JSON.parse(page.text) as { meta: { next_cursor: string } };
  const rest = await api.ask('GET', `/api/v1/sessions?limit=2&cursor=${meta.next_cursor}`, bearer(access));
  expect(rest.body.data).toEqual([expect.objectContaining({ id: listed[2]?.id })]);

  const end = (token: string, id: string | undefined) => api.ask('DELETE', `/api/v1/sessions/${id}`, bearer(token));
  expect((await end(theirs, listed[0]?.id)).status).toBe(404);
  expect((await sessionsOf(access)).length).toBe(3);
  expect((await end(access, listed[0]?.id)).status).toBe(204);
  expect((await end(access, listed[0]?.id)).status).toBe(404);
  expect((await end(access, 'ses_nothing')).status).toBe(404);
  expect((await browsers[2]?.refresh())?.status).toBe(401);
  expect((await sessionsOf(access)).map(({ id }) => id)).toEqual([listed[1]?.id, listed[2]?.id]);
});

test('the use of a session is recorded at most once a minute', async () => {
  const browser = await signedInBrowser();
  const access = await browser.accessToken();
  const lastUsed = async () =>
    (await stored.db.query<{ at: Date }>(sql`select last_used_at as at from sessions`))[0]?.at.getTime() ?? 0;
  const before = await lastUsed();
  await whoAmI(access);
  expect(await lastUsed()).toBe(before);
  await stored.moveClock(61);
  await whoAmI(access);
  expect(await lastUsed()).toBeGreaterThanOrEqual(before + 60_000);
});

test('an API token has no session: it lists, ends and signs out none', async () => {
  const { ask } = await api.signUp('you');
  expect((await ask('GET', '/api/v1/sessions')).status).toBe(403);
  const json = { headers: { 'content-type': 'application/json' }, body: '{}' };
  expect((await ask('POST', '/api/v1/auth/sign-out-everywhere', json)).status).toBe(403);
});

test('S-A7: an access token is valid for ten minutes', async () => {
  const access = await (await signedInBrowser()).accessToken();
  const began = Date.now();
  now = () => new Date(began + 9 * 60_000);
  expect(await whoAmI(access)).toBe(200);
  now = () => new Date(began + 11 * 60_000);
  expect(await whoAmI(access)).toBe(401);
});

test('S-A7: a token with other claims or another kind of signature than ours is refused', async () => {
  const access = await (await signedInBrowser()).accessToken();
  const [head = '', payload = '', signature = ''] = access.split('.');
  const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string };
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const [key] = await stored.store.signingKeys.listLive();
  if (!key) throw new Error('there is no signing key');
  const opened = await stored.sealer.open(key.privateKeySealed, `signing-key:${key.kid}`);
  const ours = JSON.parse(opened) as JWK;
  const sign = (change: Record<string, unknown>, heading: Record<string, unknown> = {}) =>
    new SignJWT({ ...claims, ...change })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.kid, ...heading })
      .sign(ours);
  expect(await whoAmI(await sign({}))).toBe(200);

  const foreign = await generateKeyPair('ES256', { extractable: true });
  const foreignJwk = await exportJWK(foreign.publicKey);
  const publicPem = await exportSPKI(
    await crypto.subtle.importKey('jwk', key.publicJwk, { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify']),
  );
  const hmacHead = encode({ alg: 'HS256', typ: 'at+jwt', kid: key.kid });
  const hmac = (secret: string) =>
    `${hmacHead}.${payload}.${createHmac('sha256', secret).update(`${hmacHead}.${payload}`).digest('base64url')}`;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const stranger = showId('session', '0192f0a1-0000-7000-8000-000000000000');
  const seconds = Math.floor(Date.now() / 1000);
  const bad: Record<string, string> = {
    'alg none': new UnsecuredJWT(claims).encode(),
    'alg none with our kid': `${encode({ ...header, alg: 'none' })}.${payload}.`,
    'no signature': `${head}.${payload}.`,
    'changed payload': `${head}.${encode({ ...claims, sub: 'usr_somebody' })}.${signature}`,
    'HMAC with the public key': hmac(publicPem),
    'HMAC with the public key as JWK': hmac(JSON.stringify(key.publicJwk)),
    'another key under our kid': await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.kid })
      .sign(foreign.privateKey),
    'a key of its own': await new SignJWT(claims)
      .setProtectedHeader({
        alg: 'ES256',
        typ: 'at+jwt',
        kid: key.kid,
        jwk: foreignJwk,
        jku: 'https://evil.example/jwks',
      })
      .sign(foreign.privateKey),
    RS256: await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: key.kid }).sign(rsa),
    'no kid': await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' }).sign(ours),
    'unknown kid': await sign({}, { kid: 'unknown' }),
    'a kid with SQL in it': await sign({}, { kid: `${key.kid}' or '1'='1` }),
    'a kid that is a path': await sign({}, { kid: '../../dev/null' }),
    'another typ': await sign({}, { typ: 'JWT' }),
    'another issuer': await sign({ iss: 'https://evil.example' }),
    'another audience': await sign({ aud: 'https://evil.example/api/v1' }),
    expired: await sign({ iat: seconds - 700, exp: seconds - 100 }),
    'without an end': await sign({ exp: undefined }),
    'not yet valid': await sign({ nbf: seconds + 600 }),
    'no session': await sign({ sid: undefined }),
    'a session that is none': await sign({ sid: stranger }),
    'another user': await sign({ sub: showId('user', '0192f0a1-0000-7000-8000-000000000000') }),
  };
  for (const [name, token] of Object.entries(bad)) expect([name, await whoAmI(token)]).toEqual([name, 401]);
});

test('keys are created once however many users sign in at first, and are sealed', async () => {
  const browsers = [await signedInBrowser(), await signedInBrowser(), await signedInBrowser()];
  const instances = browsers.map(() => apiUnderTest(stored));
  await Promise.all(
    instances.map(async (instance) => {
      const claims = { userId: 'usr_x', sessionId: 'ses_x' };
      const token = await instance.identity.accessTokens.issue(claims);
      expect(await instance.identity.accessTokens.verify(token)).toEqual(claims);
    }),
  );
  const keys = await stored.store.signingKeys.listLive();
  expect(keys).toHaveLength(1);
  expect(keys[0]?.privateKeySealed).toMatch(/^v\d+\./);
  expect(keys[0]?.publicJwk).not.toHaveProperty('d');
});

test('a key that is a month old signs no more; its tokens stay valid for their ten minutes', async () => {
  const { accessTokens } = api.identity;
  const claims = { userId: 'usr_x', sessionId: 'ses_x' };
  const before = await accessTokens.issue(claims);
  await stored.moveClock(30 * 24 * 60 * 60 + 1);
  const later = apiUnderTest(stored).identity.accessTokens;
  const after = await later.issue(claims);
  const kidOf = (token: string) =>
    (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;
  expect(kidOf(after)).not.toBe(kidOf(before));
  expect([await later.verify(before), await later.verify(after)]).toEqual([claims, claims]);
  await stored.moveClock(60 * 60 + 1);
  const muchLater = apiUnderTest(stored).identity.accessTokens;
  expect([await muchLater.verify(before), await muchLater.verify(after)]).toEqual([undefined, claims]);
});

test('a thousand tokens with unknown keys are refused with one query for the keys', async () => {
  let reads = 0;
  const { store } = stored;
  const counting = {
    ...store,
    signingKeys: {
      ...store.signingKeys,
      listLive: () => {
        reads += 1;
        return store.signingKeys.listLive();
      },
    },
  };
  const { accessTokens } = apiUnderTest({ ...stored, store: counting }).identity;
  const foreign = await generateKeyPair('ES256');
  const forged = await new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid: 'x' }).sign(foreign.privateKey);
  await Promise.all(Array.from({ length: 1000 }, () => accessTokens.verify(forged)));
  expect(reads).toBe(1);
});
