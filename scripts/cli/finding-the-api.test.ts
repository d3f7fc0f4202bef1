import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ContractServer, startContractServer } from './testing/contract-server.ts';
import { runHere, runMiaobu } from './testing/run-miaobu.ts';

// Most tests start the program.
vi.setConfig({ testTimeout: 30_000 });

const user = { id: 'usr_01k0000000e0080000000000000', github_login: 'demo', created_at: '2026-01-02T03:04:06.000Z' };
let server: ContractServer;
let home: string;

beforeEach(async () => {
  server = await startContractServer({ getUser: () => ({ data: user }) });
  home = mkdtempSync(path.join(tmpdir(), 'miaobu-cli-'));
});
afterEach(async () => {
  await server.close();
  rmSync(home, { recursive: true, force: true });
});

const localCloudRuns = (apiUrl: string, token = 'of-the-operator') =>
  writeFileSync(
    path.join(home, 'connection.json'),
    JSON.stringify({ apiUrl, token, gitUrl: 'http://localhost/git', edgeUrl: 'http://localhost' }),
  );
const whoami = (environment: Record<string, string> = {}, ...args: string[]) =>
  runMiaobu(['whoami', ...args], { MIAOBU_HOME: home, ...environment });
const nobodyListens = async () => {
  const stopped = await startContractServer({});
  await stopped.close();
  return `http://127.0.0.1:${stopped.port}`;
};

describe('the program talks to', () => {
  test('the local cloud that runs, whose host only a browser can resolve', async () => {
    localCloudRuns(`http://api.miaobu.localhost:${server.port}`);
    const { exitCode, stdout } = await whoami();
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: `demo (${user.id}) at http://api.miaobu.localhost:${server.port}\n`,
    });
    expect(server.tokens).toEqual(new Set(['of-the-operator']));
  });

  test('what the environment names rather than the local cloud, and what the options name rather than either', async () => {
    localCloudRuns('http://127.0.0.1:9');
    const named = { MIAOBU_API_URL: `http://127.0.0.1:${server.port}`, MIAOBU_TOKEN: 'of-the-environment' };
    expect((await whoami(named)).exitCode).toBe(0);
    const overruled = { MIAOBU_API_URL: 'http://127.0.0.1:9', MIAOBU_TOKEN: 'of-the-environment' };
    const options = ['--api-url', `http://127.0.0.1:${server.port}`, '--token', 'of-the-options'];
    expect((await whoami(overruled, ...options)).exitCode).toBe(0);
    expect(server.tokens).toEqual(new Set(['of-the-environment', 'of-the-options']));
  });

  test('the local cloud as another user, with a token alone', async () => {
    localCloudRuns(`http://127.0.0.1:${server.port}`);
    expect((await whoami({}, '--token', 'of-another')).exitCode).toBe(0);
    expect(server.tokens).toEqual(new Set(['of-another']));
  });

  test('no other address with the token of the local cloud', async () => {
    localCloudRuns('http://127.0.0.1:9');
    const { exitCode, stderr } = await whoami({}, '--api-url', `http://127.0.0.1:${server.port}`);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('A token for');
    expect(server.asked).toEqual([]);
  });
});

describe('the program ends with 3 and says how to go on', () => {
  const startIt = expect.stringContaining('npm start');

  test('when no local cloud runs', async () => {
    expect(await whoami()).toEqual({ exitCode: 3, stdout: '', stderr: startIt });
  });

  test('when the local cloud has stopped', async () => {
    localCloudRuns(await nobodyListens());
    expect(await whoami()).toEqual({ exitCode: 3, stdout: '', stderr: startIt });
  });

  test('when what the local cloud wrote is damaged', async () => {
    writeFileSync(path.join(home, 'connection.json'), '{');
    expect(await whoami()).toEqual({ exitCode: 3, stdout: '', stderr: startIt });
  });

  test('when something else answers at the address', async () => {
    for (const status of [200, 404]) {
      const other = createServer((_, response) => response.writeHead(status).end('<h1>Welcome</h1>'));
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      const address = other.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      const { exitCode, stderr } = await whoami({ MIAOBU_API_URL: `http://127.0.0.1:${port}`, MIAOBU_TOKEN: 'x' });
      expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: expect.stringContaining('Check the address') });
      await new Promise((resolve) => other.close(resolve));
    }
  });
});

describe('the program ends with 2', () => {
  test.each([
    ['without a command', [], 'npm run miaobu -- <command>'],
    ['for a command that does not exist', ['lst'], 'There is no command "lst"'],
    ['for an option that does not exist', ['list', '--lim'], "Unknown option '--lim'"],
    ['for an option of another command', ['list', '--follow'], 'list has no option --follow.'],
    ['for an option without its value', ['import', 'demo/site', '--branch'], 'argument missing'],
    ['when something is missing', ['import'], 'import needs <owner/name>.'],
    ['when something is too much', ['status', 'site', 'other'], 'status does not know what to do with "other".'],
    ['for a name that is empty', ['status', ''], 'status was given an empty name.'],
    ['for a limit that is no number', ['deployments', 'site', '--limit', 'ten'], '--limit must be a number'],
    [
      'for an address that is none',
      ['list', '--api-url', 'example.com', '--token', 'x'],
      'must be an http or https URL',
    ],
    ['for a token that is none', ['list', '--api-url', 'http://127.0.0.1:9', '--token', 'a\nb'], 'The token holds'],
  ])('%s', async (_, args, problem) => {
    localCloudRuns('http://127.0.0.1:9');
    const { exitCode, stdout, stderr } = await runHere(args, { MIAOBU_HOME: home });
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 2, stdout: '', stderr: expect.stringContaining(problem) });
  });
});

test('help needs no platform, and tells of every command and option', async () => {
  const overview = await runMiaobu(['help'], { MIAOBU_HOME: home });
  expect(overview).toMatchObject({ exitCode: 0, stderr: '' });
  for (const name of ['import', 'list', 'status', 'deployments', 'logs', 'whoami', '--api-url', '--json']) {
    expect(overview.stdout).toMatch(new RegExp(`^ +${name}\\b`, 'm'));
  }
  const ofOne = await runMiaobu(['import', '--help'], { MIAOBU_HOME: home });
  expect(ofOne.stdout).toContain('--build-command <command>');
  expect(await runMiaobu(['help', 'import'], { MIAOBU_HOME: home })).toEqual(ofOne);
});
