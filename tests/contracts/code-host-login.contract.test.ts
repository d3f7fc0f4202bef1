import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { other, type RunningGithub, startGithub, you } from '../../local/github/start-github-for-tests.ts';
import { createFaults } from '../../local/wire/faults.ts';
import { githubLogin } from '../../shared/adapters/github/github-login.ts';

const callback = 'https://api.example.com/api/v1/auth/github/callback';
const classic = {
  clientId: 'Ov23classic',
  clientSecret: 'secret of the OAuth App',
  name: 'Miaobu',
  callbackUrl: () => callback,
};
const app = {
  clientId: 'Iv23app',
  clientSecret: 'secret of the GitHub App',
  name: 'Miaobu',
  callbackUrl: () => callback,
};

const faults = createFaults();
let github: RunningGithub;
let skew = 0;
beforeAll(async () => {
  github = await startGithub({
    applications: [classic, app],
    organisations: { 'Example-Org': ['you'] },
    now: () => Date.now() + skew,
    through: (emulator) => faults.wrap('github', emulator),
  });
});
afterAll(() => github.close());

const login = (application = classic, clientSecret = application.clientSecret) =>
  githubLogin({
    apiUrl: `${github.base}/api/v3`,
    webUrl: github.base,
    clientId: application.clientId,
    clientSecret: async () => clientSecret,
  });

const pair = () => {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
};

/** What a browser does with the page: submits its form with one of its buttons. Returns the redirect's target. */
async function choose(authorizeUrl: string, choice: Record<string, string>): Promise<URL> {
  const page = await fetch(authorizeUrl, { redirect: 'manual' });
  if (page.status === 302) return new URL(page.headers.get('location') ?? '');
  expect(page.status).toBe(200);
  const html = await page.text();
  const fields = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)];
  const form = new URLSearchParams(fields.map(([, name = '', value = '']) => [name, value.replaceAll('&amp;', '&')]));
  for (const [name, value] of Object.entries(choice)) form.set(name, value);
  const answer = await fetch(authorizeUrl, { method: 'POST', body: form, redirect: 'manual' });
  expect(answer.status).toBe(302);
  return new URL(answer.headers.get('location') ?? '');
}

async function codeFor(application = classic, challenge = pair().challenge, as = 'you'): Promise<string> {
  const url = login(application).authorizeUrl({ redirectUri: callback, state: 'a state', challenge });
  const back = await choose(url, { login: as });
  expect(back.searchParams.get('state')).toBe('a state');
  expect(back.href.startsWith(`${callback}?`)).toBe(true);
  return back.searchParams.get('code') ?? '';
}

test('a code becomes a token of the chosen user, which the API and git accept', async () => {
  const { verifier, challenge } = pair();
  const code = await codeFor(classic, challenge, 'other');
  const grant = await login().exchangeCode({ code, redirectUri: callback, verifier });
  expect(grant).toEqual({ token: expect.stringMatching(/^gho_/) });
  expect(await login().getUser(grant?.token ?? '')).toEqual({ id: other.id, login: other.login });
});

test('a code is valid once, for ten minutes, and only for its verifier, address and application', async () => {
  const { verifier, challenge } = pair();
  const code = await codeFor(classic, challenge);
  const attempt = { code, redirectUri: callback, verifier };
  expect(await login().exchangeCode({ ...attempt, verifier: pair().verifier })).toBeUndefined();
  expect(await login().exchangeCode({ ...attempt, redirectUri: `${callback}/other` })).toBeUndefined();
  expect(await login(app).exchangeCode(attempt)).toBeUndefined();
  expect(await login().exchangeCode(attempt)).toBeDefined();
  expect(await login().exchangeCode(attempt)).toBeUndefined();

  const late = { ...attempt, code: await codeFor(classic, challenge) };
  skew += 10 * 60_000;
  expect(await login().exchangeCode(late)).toBeUndefined();
  skew = 0;
});

test('a wrong secret is the operator’s to mend, not the browser’s fault', async () => {
  const { verifier, challenge } = pair();
  const attempt = { code: await codeFor(classic, challenge), redirectUri: callback, verifier };
  await expect(login(classic, 'wrong').exchangeCode(attempt)).rejects.toMatchObject({ code: 'platform_misconfigured' });
});

test('an address that was not registered gets no code', async () => {
  const ask = (redirectUri: string) =>
    choose(login().authorizeUrl({ redirectUri, state: 's', challenge: pair().challenge }), { login: 'you' });
  for (const address of ['https://evil.example/', 'https://api.example.com/', 'https://api.example.com:8443/api/v1']) {
    const back = await ask(address);
    expect(back.href.startsWith(callback)).toBe(true);
    expect(back.searchParams.get('error')).toBe('redirect_uri_mismatch');
    expect(back.searchParams.has('code')).toBe(false);
  }
});

test('a user who cancels is sent back without a code', async () => {
  const url = login().authorizeUrl({ redirectUri: callback, state: 's', challenge: pair().challenge });
  const back = await choose(url, { cancel: '1' });
  expect(Object.fromEntries(back.searchParams)).toMatchObject({ error: 'access_denied', state: 's' });
});

test('an OAuth App asks for scopes; a GitHub App has none, and its tokens end and come with the next', async () => {
  const attempt = { redirectUri: callback, state: 's', challenge: pair().challenge };
  expect(new URL(login().authorizeUrl(attempt)).searchParams.get('scope')).toBe('repo read:org');
  expect(new URL(login(app).authorizeUrl(attempt)).searchParams.has('scope')).toBe(false);

  const { verifier, challenge } = pair();
  const code = await codeFor(app, challenge);
  const grant = await login(app).exchangeCode({ code, redirectUri: callback, verifier });
  expect(grant).toEqual({
    token: expect.stringMatching(/^ghu_/),
    refreshToken: expect.stringMatching(/^ghr_/),
    expiresAt: expect.any(Date),
  });
  const token = grant?.token ?? '';
  expect(await login(app).getUser(token)).toMatchObject({ login: 'you' });
  skew = (grant?.expiresAt?.getTime() ?? 0) - Date.now() + 1000;
  await expect(login(app).getUser(token)).rejects.toMatchObject({ code: 'code_host_unauthorized' });
  skew = 0;
});

test('a refresh token gets the next grant once, and using it revokes the previous token', async () => {
  const { verifier, challenge } = pair();
  const code = await codeFor(app, challenge);
  const first = await login(app).exchangeCode({ code, redirectUri: callback, verifier });
  const next = await login(app).refresh(first?.refreshToken ?? '');
  expect(next).toEqual({
    token: expect.stringMatching(/^ghu_/),
    refreshToken: expect.stringMatching(/^ghr_/),
    expiresAt: expect.any(Date),
  });
  expect(next?.token).not.toBe(first?.token);
  expect(next?.refreshToken).not.toBe(first?.refreshToken);
  expect(await login(app).getUser(next?.token ?? '')).toMatchObject({ login: 'you' });
  await expect(login(app).getUser(first?.token ?? '')).rejects.toMatchObject({ code: 'code_host_unauthorized' });
  expect(await login(app).refresh(first?.refreshToken ?? '')).toBeUndefined();
  expect(await login(app).refresh(next?.refreshToken ?? '')).toBeDefined();
});

test('a refresh token is valid for half a year, even after its token has expired, and only for its application', async () => {
  const { verifier, challenge } = pair();
  const code = await codeFor(app, challenge);
  const grant = await login(app).exchangeCode({ code, redirectUri: callback, verifier });
  const refreshToken = grant?.refreshToken ?? '';
  expect(await login(classic).refresh(refreshToken)).toBeUndefined();
  await expect(login(app, 'wrong').refresh(refreshToken)).rejects.toMatchObject({ code: 'platform_misconfigured' });
  skew = 180 * 24 * 60 * 60_000;
  const next = await login(app).refresh(refreshToken);
  expect(next).toBeDefined();
  skew += 185 * 24 * 60 * 60_000;
  expect(await login(app).refresh(next?.refreshToken ?? '')).toBeUndefined();
  skew = 0;
});

test('membership is told for those who are members, in any case of the name', async () => {
  expect(await login().isMember(you.token, 'example-org')).toBe(true);
  expect(await login().isMember(other.token, 'example-org')).toBe(false);
  expect(await login().isMember(you.token, 'missing')).toBe(false);
  expect(await login().isMember(you.token, '../user')).toBe(false);
});

test('a revoked token is no longer valid, and revoking it twice is not an error', async () => {
  const { verifier, challenge } = pair();
  const grant = await login().exchangeCode({
    code: await codeFor(classic, challenge),
    redirectUri: callback,
    verifier,
  });
  const token = grant?.token ?? '';
  await expect(login(app).revoke(token)).resolves.toBeUndefined();
  expect(await login().getUser(token)).toMatchObject({ login: 'you' });
  await login().revoke(token);
  await expect(login().getUser(token)).rejects.toMatchObject({ code: 'code_host_unauthorized' });
  await expect(login().revoke(token)).resolves.toBeUndefined();
});

test.each([
  ['5xx', { kind: 'error', status: 503 } as const],
  ['no answer', { kind: 'lost-response' } as const],
])('an exchange or a refresh that GitHub answers with %s may be tried again', async (_, fault) => {
  const { verifier, challenge } = pair();
  const code = await codeFor(classic, challenge);
  faults.inject({ service: 'github', times: 2, fault });
  await expect(login().exchangeCode({ code, redirectUri: callback, verifier })).rejects.toMatchObject({
    code: 'code_host_unavailable',
  });
  await expect(login(app).refresh('ghr_any')).rejects.toMatchObject({ code: 'code_host_unavailable' });
  faults.clear();
});
