import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { serve } from '@hono/node-server';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { type CliUnderTest, cliUnderTest } from './testing/cli-under-test.ts';
import { type ProgramOptions, runMiaobu } from './testing/run-miaobu.ts';

// The program itself, as a process of its own, and the API behind a socket.

let stored: TestStore;
let cli: CliUnderTest;
let server: ReturnType<typeof serve>;
let port: number;

const listening = (started: Pick<Server, 'address'>) => {
  const address = started.address();
  return typeof address === 'object' && address ? address.port : 0;
};

beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  cli = await cliUnderTest(stored);
  await new Promise<void>((ready) => {
    server = serve({ fetch: cli.api.app.fetch, port: 0, hostname: '127.0.0.1' }, () => ready());
  });
  port = listening(server as Server);
});
afterEach(async () => {
  await new Promise((closed) => server.close(closed));
  cli.close();
});
afterAll(() => stored.close());

const run = (args: readonly string[], environment: Record<string, string> = {}, options: ProgramOptions = {}) =>
  runMiaobu(args, { HOME: cli.home, MIAOBU_HOME: path.join(cli.home, 'local'), ...environment }, options);

/** Writes what a local cloud that runs has written. */
function localCloudRuns(apiUrl: string, token = cli.you.token) {
  mkdirSync(path.join(cli.home, 'local'), { recursive: true });
  writeFileSync(
    path.join(cli.home, 'local', 'connection.json'),
    JSON.stringify({ apiUrl, token, gitUrl: 'http://localhost/git', edgeUrl: 'http://localhost' }),
  );
}
const named = () => ({ MIAOBU_API_URL: `http://127.0.0.1:${port}`, MIAOBU_TOKEN: cli.you.token });

describe('the program talks to', () => {
  test('the local cloud that runs, whose host only a browser can resolve', async () => {
    localCloudRuns(`http://api.miaobu.localhost:${port}`);
    const { exitCode, stdout } = await run(['whoami']);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(new RegExp(`^you \\(usr_\\w+\\) at http://api\\.miaobu\\.localhost:${port}\\n$`)),
    });
  });

  test('what the environment names rather than the local cloud, and what an option names rather than either', async () => {
    localCloudRuns('http://127.0.0.1:9');
    expect((await run(['whoami'], named())).exitCode).toBe(0);
    const overruled = { ...named(), MIAOBU_API_URL: 'http://127.0.0.1:9' };
    expect((await run(['whoami', '--api-url', `http://127.0.0.1:${port}`], overruled)).exitCode).toBe(0);
  });

  test('the local cloud as another user, with a token alone', async () => {
    const other = await cli.api.signUp('other');
    localCloudRuns(`http://127.0.0.1:${port}`);
    expect((await run(['whoami'], { MIAOBU_TOKEN: other.token })).stdout).toMatch(/^other /);
  });

  test('no other address with the token of the local cloud', async () => {
    localCloudRuns('http://127.0.0.1:9');
    const lookups = cli.api.tokenLookups();
    const { exitCode, stderr } = await run(['whoami', '--api-url', `http://127.0.0.1:${port}`]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: expect.stringContaining('You are not signed in') });
    expect(cli.api.tokenLookups()).toBe(lookups);
  });

  test('where the person signed in last rather than the local cloud, with a token from a pipe', async () => {
    localCloudRuns('http://127.0.0.1:9');
    const login = ['login', '--token', '--api-url', `http://127.0.0.1:${port}`];
    expect(await run(login, {}, { input: `${cli.you.token}\n` })).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await run(['whoami'])).stdout).toContain(`at http://127.0.0.1:${port}`);
  });
});

describe('the program ends with 5 and says how to go on', () => {
  const startIt = expect.stringContaining('npm start');

  test('when no local cloud runs', async () => {
    expect(await run(['whoami'])).toEqual({ exitCode: 5, stdout: '', stderr: startIt });
  });

  test('when the local cloud has stopped', async () => {
    const stopped = createServer();
    await new Promise<void>((ready) => stopped.listen(0, '127.0.0.1', ready));
    const closed = listening(stopped);
    await new Promise((done) => stopped.close(done));
    localCloudRuns(`http://127.0.0.1:${closed}`);
    expect(await run(['whoami'])).toEqual({ exitCode: 5, stdout: '', stderr: startIt });
  });

  test('when what the local cloud wrote is damaged', async () => {
    localCloudRuns('');
    writeFileSync(path.join(cli.home, 'local', 'connection.json'), '{');
    expect(await run(['whoami'])).toEqual({ exitCode: 5, stdout: '', stderr: startIt });
  });

  test.each([200, 404])('when something else answers at the address, with %d', async (status) => {
    const other = createServer((_, response) => response.writeHead(status).end('<h1>Welcome</h1>'));
    await new Promise<void>((ready) => other.listen(0, '127.0.0.1', ready));
    const environment = { MIAOBU_API_URL: `http://127.0.0.1:${listening(other)}`, MIAOBU_TOKEN: 'x' };
    const { exitCode, stderr } = await run(['whoami'], environment);
    expect({ exitCode, stderr }).toEqual({ exitCode: 5, stderr: expect.stringContaining('Check the address') });
    await new Promise((closed) => other.close(closed));
  });
});

describe('the program', () => {
  test('ends quietly when whoever reads it has read enough', async () => {
    const blog = await cli.project('blog');
    const id = await cli.deployment(blog);
    await cli.become(id, 'failed');
    // More than a pipe holds.
    cli.api.buildLog.lines.set(
      id,
      Array.from({ length: 3000 }, (_, line) => `${line} ${'x'.repeat(200)}\n`),
    );
    const { exitCode, stderr } = await run(['logs', '-p', 'blog'], named(), { closeEarly: true });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  test('is about the folder that npm was started in, not the checkout that npm goes to', async () => {
    await cli.project('blog');
    cli.git('init', '--quiet');
    cli.git('remote', 'add', 'origin', 'https://github.com/you/blog');
    const ofNpm = { npm_lifecycle_event: 'miaobu', INIT_CWD: cli.home };
    expect((await run(['status'], { ...named(), ...ofNpm }, { folder: '/' })).stdout).toContain('you/blog');
    expect((await run(['status'], named(), { folder: cli.home })).stdout).toContain('you/blog');
  });

  test('streams what happens over a real connection until its end', async () => {
    const id = await cli.deployment(await cli.project('blog'));
    cli.api.buildLog.lines.set(id, ['one\n']);
    await cli.become(id, 'failed');
    expect(await run(['logs', '-f', '-p', 'blog'], named())).toEqual({ exitCode: 1, stdout: 'one\n', stderr: '' });
  });

  test('says on Ctrl-C what becomes of the upload, and how to end it, and ends by the signal', async () => {
    await cli.project('blog');
    mkdirSync(path.join(cli.home, 'dist'));
    writeFileSync(path.join(cli.home, 'dist', 'index.html'), '<h1>Hello</h1>');
    const options = { folder: cli.home, interruptAt: 'Deploying 1 file' };
    const { exitCode, stderr } = await run(['deploy', './dist', '-p', 'blog'], named(), options);
    const [, id] = /upload of (dep_\w+) was interrupted/.exec(stderr) ?? [];
    expect({ exitCode, stderr }).toEqual({
      exitCode: null,
      stderr: expect.stringContaining(`miaobu cancel ${id} --project blog\n`),
    });
    const { data } = await cli.you.client('getDeployment', { params: { project: 'blog', deployment: id ?? '' } });
    expect(data.trigger).toBe('upload');
  });

  test('says on Ctrl-C that a deployment it follows goes on, and where, and ends by the signal', async () => {
    const id = await cli.deployment(await cli.project('blog'));
    await cli.become(id, 'failed');
    const { exitCode, stderr } = await run(['redeploy', '-p', 'blog'], named(), { interruptAt: '● queued' });
    expect({ exitCode, stderr }).toEqual({ exitCode: null, stderr: expect.stringMatching(/dep_\w+ goes on without/) });
    expect(stderr).toMatch(/miaobu logs dep_\w+ -f --project blog; to stop it: miaobu cancel dep_\w+ --project blog\n/);
  });
});
