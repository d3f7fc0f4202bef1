import { readFileSync, statSync } from 'node:fs';
import { sql } from '@miaobu/shared/db/sql';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ORIGIN } from '../../tests/database/api-under-test.ts';
import { openBrowser } from '../../tests/database/browser.ts';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { credentialsPath } from './credentials-file.ts';
import { type CliUnderTest, cliUnderTest } from './testing/cli-under-test.ts';

let stored: TestStore;
let cli: CliUnderTest;
beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  cli = await cliUnderTest(stored);
});
afterEach(() => cli.close());
afterAll(() => stored.close());

/** Nobody is signed in by the environment. */
const nobody = { MIAOBU_TOKEN: '', MIAOBU_API_URL: '' };
const login = ['login', '--api-url', ORIGIN];
const keptToken = () => {
  const { origins } = JSON.parse(readFileSync(credentialsPath(cli.environment), 'utf8'));
  return origins[ORIGIN]?.token as string | undefined;
};

/** A login whose time passes as it waits; `onWait` happens at each pause. */
async function logIn(onWait: (n: number, seconds: number) => Promise<unknown>, args = login) {
  const pauses: number[] = [];
  const ended = await cli.run(args, {
    environment: nobody,
    pause: async (milliseconds) => {
      pauses.push(milliseconds / 1000);
      if (pauses.length > 20) throw new Error('it waits for ever');
      await stored.moveClock(pauses.reduce((sum, each) => sum + each, 0));
      await onWait(pauses.length, milliseconds / 1000);
    },
  });
  return { ...ended, pauses };
}
const waiting = async () => {
  const [login] = await stored.db.query<{ userCode: string }>(sql`select user_code from device_logins`);
  return login?.userCode ?? '';
};
const asYou = () => cli.api.signedIn(cli.you.user);

describe('login', () => {
  test('shows the code and the address, waits as it is told, and keeps the token of whoever approved', async () => {
    const { exitCode, stdout, stderr, opened, pauses } = await logIn(async (n) => {
      if (n !== 2) return;
      const body = { scopes: ['account:read' as const, 'projects:read' as const] };
      await asYou()('approveDeviceLogin', { params: { user_code: await waiting() }, body });
    });
    const [, code] = /Your code is (\S+)\n/.exec(stderr) ?? [];
    const address = `${ORIGIN}/device?user_code=${code}`;
    expect(stderr).toContain(`Open ${address}\n`);
    expect(opened).toEqual([address]);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: `Signed in at ${ORIGIN} as you. Token stored in ${credentialsPath(cli.environment)}\n`,
    });
    expect(pauses).toEqual([5, 5]);
    expect(statSync(credentialsPath(cli.environment)).mode & 0o777).toBe(0o600);
    expect(keptToken()).toMatch(/^mb_live_/);
    expect(stdout + stderr).not.toContain(keptToken());

    // From now on it is the address and the token of every command.
    expect(await cli.run(['whoami'], { environment: nobody })).toMatchObject({
      exitCode: 0,
      stdout: `you (${(await cli.you.client('getUser', {})).data.id}) at ${ORIGIN}\n`,
    });
  });

  test('asks less often when it is told to', async () => {
    const { exitCode, pauses } = await logIn(async (n) => {
      // Somebody with the same code asked a moment ago.
      if (n === 1) await stored.db.query(sql`update device_logins set last_polled_at = db_now()`);
      if (n === 2) await asYou()('denyDeviceLogin', { params: { user_code: await waiting() }, body: {} });
    });
    expect(pauses[0]).toBe(5);
    expect(pauses[1]).toBeGreaterThan(5);
    expect(exitCode).toBe(3);
  });

  test('that is denied ends with 3, and keeps nothing', async () => {
    const { exitCode, stderr } = await logIn(async () =>
      asYou()('denyDeviceLogin', { params: { user_code: await waiting() }, body: {} }),
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: expect.stringContaining('was denied') });
    expect(() => keptToken()).toThrow('ENOENT');
  });

  test('that nobody approves in time ends with 3, and says to begin again', async () => {
    const { exitCode, stderr } = await logIn(async (n) => {
      if (n === 2) await stored.moveClock(3600);
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: expect.stringContaining('Run miaobu login again') });
  });

  test('--token keeps a token from standard input that counts, and none that does not', async () => {
    const options = { environment: nobody };
    const good = await cli.run([...login, '--token', '--json'], { ...options, input: `${cli.you.token}\n` });
    expect(good).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(good.stdout)).toMatchObject({ github_login: 'you' });
    expect(keptToken()).toBe(cli.you.token);

    const bad = await cli.run([...login, '--token'], { ...options, input: 'mb_live_nothing' });
    expect(bad).toMatchObject({ exitCode: 3, stdout: '' });
    expect(await cli.run([...login, '--token'], options)).toMatchObject({ exitCode: 2 });
    expect(keptToken()).toBe(cli.you.token);
  });

  test('--token asks a person without showing what they type', async () => {
    const { exitCode, questions } = await cli.run([...login, '--token'], {
      environment: nobody,
      typed: [cli.you.token],
    });
    expect({ exitCode, questions }).toEqual({ exitCode: 0, questions: ['API token: '] });
  });
});

describe('the token that is kept', () => {
  beforeEach(() => cli.run([...login, '--token'], { environment: nobody, input: cli.you.token }));

  test('goes to its own address only', async () => {
    const { exitCode, stderr } = await cli.run(['whoami', '--api-url', 'https://other.example'], {
      environment: nobody,
    });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 3,
      stderr: expect.stringContaining('miaobu login --api-url https://other.example'),
    });
  });

  test('gives way to MIAOBU_TOKEN', async () => {
    const other = await cli.api.signUp('other');
    const environment = { ...nobody, MIAOBU_TOKEN: other.token };
    expect((await cli.run(['whoami'], { environment })).stdout).toMatch(/^other /);
  });

  test('is forgotten by logout, once, and only that one; one that was brought along stays valid', async () => {
    expect(await cli.run(['logout'], { environment: nobody })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('it stays valid until it is revoked'),
    });
    expect(keptToken()).toBeUndefined();
    const again = await cli.run(['logout', '--api-url', ORIGIN, '--json'], { environment: nobody });
    expect(JSON.parse(again.stdout)).toEqual({ api_url: ORIGIN, forgotten: false, revoked: false });
    expect((await cli.you.ask('GET', '/api/v1/user')).status).toBe(200);
    const { exitCode } = await cli.run(['whoami', '--api-url', ORIGIN], { environment: nobody });
    expect(exitCode).toBe(3);
  });

  test('ends with 3 and says to sign in when it is no longer valid', async () => {
    await stored.db.query(sql`update api_tokens set revoked_at = db_now()`);
    const { exitCode, stderr } = await cli.run(['list'], { environment: nobody });
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: expect.stringContaining('miaobu login') });
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('the token that login had made', () => {
  beforeEach(() =>
    logIn(async () => {
      const body = { scopes: ['projects:read' as const, 'account:read' as const] };
      await asYou()('approveDeviceLogin', { params: { user_code: await waiting() }, body });
    }),
  );
  const isValid = async (token: string | undefined) =>
    (await cli.api.ask('GET', '/api/v1/user', { headers: { authorization: `Bearer ${token}` } })).status === 200;

  test('is revoked by logout', async () => {
    const token = keptToken();
    expect(await isValid(token)).toBe(true);
    const { exitCode, stdout, stderr } = await cli.run(['logout'], { environment: nobody });
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 0,
      stdout: `Signed out at ${ORIGIN}. The token was revoked.\n`,
      stderr: '',
    });
    expect([await isValid(token), await isValid(cli.you.token), keptToken()]).toEqual([false, true, undefined]);
  });

  test('is deleted here by logout also when the API cannot be reached, and is said to be valid still', async () => {
    const token = keptToken();
    const away = () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } }));
    const { exitCode, stdout, stderr } = await cli.run(['logout'], { environment: nobody, fetch: away });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('it stays valid until it is revoked');
    expect(stderr).toContain('could not be revoked');
    expect([await isValid(token), keptToken()]).toEqual([true, undefined]);
  });
});

test('who brings a token that does not count, or may not do that, is told about that token', async () => {
  const bad = await cli.run(['list'], { environment: { MIAOBU_TOKEN: 'mb_live_nothing' } });
  expect(bad).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('Check MIAOBU_TOKEN.') });
  await stored.db.query(sql`update api_tokens set scopes = '{account:read}'`);
  const weak = await cli.run(['list']);
  expect(weak).toMatchObject({
    exitCode: 3,
    stderr: expect.stringContaining('may not do that. (scope: projects:read)'),
  });
  expect(weak.stderr).toContain('Set MIAOBU_TOKEN to a token that may.');
});

describe('tokens', () => {
  test('are managed by a session: an API token is told so, and ends with 3', async () => {
    const { exitCode, stderr } = await cli.run(['tokens', 'list']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: expect.stringContaining('API tokens cannot manage') });
  });

  test('are listed and revoked with the access token of a session', async () => {
    await stored.store.transaction((repositories) =>
      repositories.signInRules.replace({ users: ['me'], organisations: [] }),
    );
    const browser = openBrowser(cli.api);
    const start = await browser.ask('/api/v1/auth/github');
    const state = new URL(start.headers.get('location') ?? '').searchParams.get('state') ?? '';
    await browser.ask(`/api/v1/auth/github/callback?${new URLSearchParams({ code: 'me', state })}`);
    const MIAOBU_TOKEN = await browser.accessToken();
    const run = (...args: string[]) => cli.run(['tokens', ...args], { environment: { MIAOBU_TOKEN } });
    expect((await run('list')).stdout).toBe('You have no API tokens.\n');

    const made = await cli.api.ask('POST', '/api/v1/tokens', {
      body: JSON.stringify({ name: 'of CI' }),
      headers: { authorization: `Bearer ${MIAOBU_TOKEN}`, 'content-type': 'application/json' },
    });
    const { id } = made.body.data as { id: string };
    const { stdout } = await run('list');
    expect(stdout.split('\n')[1]).toMatch(new RegExp(`^${id}  of CI +mb_live_`));
    expect(await run('revoke', id)).toMatchObject({ exitCode: 0, stdout: `Revoked ${id}.\n` });
    expect(await run('revoke', id)).toMatchObject({ exitCode: 4, stdout: '' });
    expect((await run('list')).stdout).toBe('You have no API tokens.\n');
  });
});
