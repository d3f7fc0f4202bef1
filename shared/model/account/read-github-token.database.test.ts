import { createHash, randomBytes } from 'node:crypto';
import { githubLogin } from '@miaobu/shared/adapters/github/github-login';
import { sql } from '@miaobu/shared/db/sql';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RunningGithub, startGithub } from '../../../local/github/start-github-for-tests.ts';
import { createFaults } from '../../../local/wire/faults.ts';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { AppError } from '../../kernel/app-error.ts';
import type { CodeHostGrant, CodeHostLogin } from '../../ports/code-host-login.ts';
import { createSealer } from '../key/create-sealer.ts';
import { githubRefreshTokenContext, githubTokenContext } from './account-repository.ts';
import { type Deps, readGithubToken } from './read-github-token.ts';

const callback = 'https://api.example.com/api/v1/auth/github/callback';
const app = { clientId: 'Iv23app', clientSecret: 'secret of the App', name: 'Miaobu', callbackUrl: () => callback };
const HOUR_MS = 60 * 60 * 1000;

const faults = createFaults();
let github: RunningGithub;
let stored: TestStore;
let login: CodeHostLogin;
let userId: string;
/** The refresh tokens presented to GitHub. */
let shown: string[];

beforeAll(async () => {
  github = await startGithub({ applications: [app], through: (emulator) => faults.wrap('github', emulator) });
  stored = await openTestStore();
});
beforeEach(async () => {
  await stored.empty();
  shown = [];
  const { clientId, clientSecret } = app;
  const urls = { apiUrl: `${github.base}/api/v3`, webUrl: github.base };
  const real = githubLogin({ ...urls, clientId, clientSecret: async () => clientSecret });
  login = {
    ...real,
    refresh(refreshToken) {
      shown.push(refreshToken);
      return real.refresh(refreshToken);
    },
  };
  userId = (await stored.store.accounts.upsertUser({ githubId: 101, githubLogin: 'you' })).id;
});
afterEach(() => faults.clear());
afterAll(async () => {
  await github.close();
  await stored.close();
});

/** A reader as in a freshly started instance. */
const reader = (other: Partial<Deps> = {}) => {
  const { store, rootKey } = stored;
  const read = readGithubToken({
    store,
    sealer: createSealer({ store, rootKeys: { current: rootKey } }),
    login,
    ...other,
  });
  return () => read(userId);
};

/** GitHub's grant to the App when the user authorizes it. */
async function letIn(): Promise<Required<CodeHostGrant>> {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const url = new URL(login.authorizeUrl({ redirectUri: callback, state: 's', challenge }));
  const form = new URLSearchParams([...url.searchParams, ['login', 'you']]);
  const answer = await fetch(url, { method: 'POST', body: form, redirect: 'manual' });
  const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '';
  const grant = await login.exchangeCode({ code, redirectUri: callback, verifier });
  if (!grant?.refreshToken || !grant.expiresAt) throw new Error('GitHub gave no token that ends');
  return { token: grant.token, refreshToken: grant.refreshToken, expiresAt: grant.expiresAt };
}

async function keep({ token, refreshToken }: CodeHostGrant, expiresAt: Date | undefined) {
  const { sealer, store } = stored;
  await store.accounts.storeGithubToken(userId, await sealer.seal(token, { context: githubTokenContext(userId) }), {
    expiresAt,
    refreshTokenSealed:
      refreshToken && (await sealer.seal(refreshToken, { context: githubRefreshTokenContext(userId) })),
  });
}
/** The user signed in almost eight hours ago. */
async function signInLongAgo(leftMs = 4 * 60_000) {
  const grant = await letIn();
  await keep(grant, new Date(Date.now() + leftMs));
  return grant;
}
const row = async () => (await stored.db.query(sql`select * from users where id = ${userId}`))[0];
const failsWith = (code: string) => expect.objectContaining({ code });

test('a token valid for hours is returned unchanged, without asking GitHub', async () => {
  const grant = await letIn();
  await keep(grant, grant.expiresAt);
  const before = await row();
  expect(await reader()()).toBe(grant.token);
  expect(shown).toEqual([]);
  expect(await row()).toEqual(before);
});

test('a token that never expires is always returned unchanged', async () => {
  await keep({ token: 'gho_classic' }, undefined);
  const before = await row();
  await stored.moveClock(10 * 365 * 24 * 60 * 60);
  expect(await reader()()).toBe('gho_classic');
  expect(shown).toEqual([]);
  expect(await row()).toEqual(before);
});

test('of many concurrent callers in several instances one refreshes the token for all', async () => {
  const old = await signInLongAgo();
  const instances = [reader(), reader(), reader(), reader()];
  const tokens = await Promise.all([...instances, ...instances].map((read) => read()));
  expect(shown).toEqual([old.refreshToken]);
  expect(new Set(tokens).size).toBe(1);
  const [token = ''] = tokens;
  expect(await login.getUser(token)).toMatchObject({ login: 'you' });
  await expect(login.getUser(old.token)).rejects.toEqual(failsWith('code_host_unauthorized'));
});

test('a token is refreshed repeatedly, each time with the latest refresh token, also after it has expired', async () => {
  const first = await signInLongAgo(-HOUR_MS);
  const second = await reader()();
  const grant = await stored.store.accounts.findGithubGrant(userId);
  expect(grant?.expiresAt?.getTime()).toBeGreaterThan(Date.now() + 7 * HOUR_MS);
  await stored.moveClock(9 * 60 * 60);
  const third = await reader()();
  expect(new Set([first.token, second, third]).size).toBe(3);
  expect(new Set(shown).size).toBe(2);
  expect(await login.getUser(third)).toMatchObject({ login: 'you' });
});

test('stored tokens are sealed to their context and unreadable', async () => {
  const old = await signInLongAgo();
  const token = await reader()();
  const grant = await stored.store.accounts.findGithubGrant(userId);
  expect(await stored.sealer.open(grant?.sealed ?? '', githubTokenContext(userId))).toBe(token);
  const refreshToken = await stored.sealer.open(grant?.refreshTokenSealed ?? '', githubRefreshTokenContext(userId));
  expect(refreshToken).toMatch(/^ghr_/);
  const text = JSON.stringify(await row());
  expect(text).toContain(grant?.sealed);
  for (const secret of [old.token, old.refreshToken, token, refreshToken]) expect(text).not.toContain(secret);
});

test('a refused refresh token requires a new sign-in, and GitHub is not asked again', async () => {
  const old = await signInLongAgo();
  await login.refresh(old.refreshToken);
  shown = [];
  await expect(reader()()).rejects.toEqual(failsWith('code_host_unauthorized'));
  await expect(reader()()).rejects.toEqual(failsWith('code_host_unauthorized'));
  expect(shown).toHaveLength(1);
  const grant = await letIn();
  await keep(grant, grant.expiresAt);
  expect(await reader()()).toBe(grant.token);
});

test('a failure of GitHub is reported, nobody retries for half a minute, and then refreshing works again', async () => {
  const old = await signInLongAgo();
  faults.inject({ service: 'github', times: 1, fault: { kind: 'error', status: 503 } });
  const impatient = reader({ sleep: async () => {} });
  await expect(impatient()).rejects.toEqual(failsWith('code_host_unavailable'));
  await expect(impatient()).rejects.toEqual(failsWith('code_host_unavailable'));
  expect(shown).toHaveLength(1);
  await stored.moveClock(31);
  const token = await impatient();
  expect(token).not.toBe(old.token);
  expect(await login.getUser(token)).toMatchObject({ login: 'you' });
});

test('a lost answer loses the tokens and requires a new sign-in', async () => {
  await signInLongAgo();
  faults.inject({ service: 'github', times: 1, fault: { kind: 'lost-response' } });
  await expect(reader()()).rejects.toEqual(failsWith('code_host_unavailable'));
  faults.clear();
  await stored.moveClock(31);
  await expect(reader()()).rejects.toEqual(failsWith('code_host_unauthorized'));
});

test('a concurrent sign-in is not overwritten', async () => {
  await signInLongAgo();
  const fresh = await letIn();
  const meanwhile: Pick<CodeHostLogin, 'refresh'> = {
    async refresh(refreshToken) {
      const next = await login.refresh(refreshToken);
      await keep(fresh, fresh.expiresAt);
      return next;
    },
  };
  expect(await reader({ login: meanwhile })()).toBe(fresh.token);
  expect(await reader()()).toBe(fresh.token);
});

test('an answer that arrives after another caller was refused is stored all the same', async () => {
  await signInLongAgo();
  const late: Pick<CodeHostLogin, 'refresh'> = {
    async refresh(refreshToken) {
      const next = await login.refresh(refreshToken);
      await stored.moveClock(31);
      await expect(reader()()).rejects.toEqual(failsWith('code_host_unauthorized'));
      return next;
    },
  };
  const token = await reader({ login: late })();
  expect(await login.getUser(token)).toMatchObject({ login: 'you' });
  expect(await reader()()).toBe(token);
});

test.each(['before', 'after'] as const)(
  'a database that becomes unavailable just %s storing loses nothing',
  async (when) => {
    await signInLongAgo();
    const { accounts } = stored.store;
    let failures = 0;
    const failing: typeof accounts = {
      ...accounts,
      async replaceGithubToken(...change) {
        if (failures > 0) return accounts.replaceGithubToken(...change);
        failures += 1;
        if (when === 'after') await accounts.replaceGithubToken(...change);
        throw new AppError('database_unavailable');
      },
    };
    const token = await reader({ store: { accounts: failing } })();
    expect(failures).toBe(1);
    expect(await login.getUser(token)).toMatchObject({ login: 'you' });
    expect(await reader()()).toBe(token);
  },
);

test('without an application a token is valid until it expires, and then requires a new sign-in', async () => {
  const { token } = await signInLongAgo();
  expect(await reader({ login: undefined })()).toBe(token);
  await stored.moveClock(5 * 60);
  await expect(reader({ login: undefined })()).rejects.toEqual(failsWith('code_host_unauthorized'));
  expect(await reader()()).not.toBe(token);
});

test('a user without a token has to sign in', async () => {
  await expect(reader()()).rejects.toEqual(failsWith('code_host_unauthorized'));
});
