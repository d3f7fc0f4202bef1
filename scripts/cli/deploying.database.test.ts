import { sql } from '@miaobu/shared/db/sql';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { type CliUnderTest, cliUnderTest } from './testing/cli-under-test.ts';
import type { EndedHere, WorldOptions } from './testing/run-miaobu.ts';

const HEAD = 'abcdef0123456789abcdef0123456789abcdef01';
/** For a machine that is busy with other tests. */
const PATIENCE = { timeout: 20_000 };
const OTHER = '1234567890123456789012345678901234567890';

let stored: TestStore;
let cli: CliUnderTest;
beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  cli = await cliUnderTest(stored);
  cli.api.codeHost.repositories.push({
    id: 1,
    fullName: 'you/site',
    branches: { main: HEAD, next: OTHER },
    visibleTo: ['github-you'],
    files: { 'package.json': '{"devDependencies":{"vite":"7"},"scripts":{"build":"vite build"}}' },
  });
});
afterEach(() => cli.close());
afterAll(() => stored.close());

/** Runs a command that follows a deployment, and lets the platform do one step of its work after the other. */
async function follow(
  args: readonly string[],
  work: (id: string, seen: (text: string) => Promise<void>) => Promise<void>,
  options: WorldOptions = {},
): Promise<EndedHere> {
  let stdout = '';
  const ended = cli.run(args, options, (text) => {
    stdout = text;
  });
  const seen = (text: string) =>
    vi.waitFor(() => {
      if (!stdout.includes(text)) throw new Error(`${JSON.stringify(text)} is not in ${JSON.stringify(stdout)}`);
    }, PATIENCE);
  const newest = async () => {
    const { data: projects } = await cli.you.client('listProjects', {});
    const { data } = await cli.you.client('listDeployments', { params: { project: projects[0]?.slug ?? '' } });
    const [deployment] = data;
    if (!deployment || !cli.requests.some((request) => request.endsWith(`${deployment.id}/logs/stream`))) {
      throw new Error('nothing is followed yet');
    }
    return deployment.id;
  };
  // Whatever goes wrong with the command goes wrong with the test, at once.
  const id = await Promise.race([
    vi.waitFor(newest, PATIENCE),
    ended.then((early) => Promise.reject(new Error(early.stderr))),
  ]);
  await work(id, seen);
  return ended;
}

const goesLive = async (id: string, seen: (text: string) => Promise<void>) => {
  await seen('● queued');
  await cli.become(id, 'building');
  cli.api.buildLog.lines.set(id, ['Installing the pa']);
  await seen('● building');
  cli.api.buildLog.lines.set(id, ['Installing the pa', 'ckages\nno end of line']);
  await seen('Installing the packages');
  await cli.show(id);
};

describe('import', () => {
  test('tells how it is built, and follows the first deployment: each status once, each line once, then the address', async () => {
    const { exitCode, stdout, stderr } = await follow(['import', 'you/site'], goesLive);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.replace(/in \d+\.\d s/, 'in 3.5 s').split('\n')).toEqual([
      'Imported you/site as site.',
      '  Framework  Vite',
      expect.stringMatching(/^ {2}Install {4}npm install/),
      '  Build      npm run build',
      '  Output     dist',
      '● queued',
      '● building',
      '  │ Installing the packages',
      '  │ no end of line',
      '● deployed  in 3.5 s',
      '',
      'Live at https://site.sites.example/',
      '',
    ]);
  });

  test('takes the repository of the folder’s git remote', async () => {
    cli.git('init', '--quiet');
    expect(await cli.run(['import', '--no-wait'])).toMatchObject({ exitCode: 2, stdout: '' });
    cli.git('remote', 'add', 'origin', 'https://github.com/you/site.git');
    const { exitCode, stdout } = await cli.run(['import', '--no-wait', '--json']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ repository: 'you/site', deployment: { status: 'queued' } });
  });

  test('sends what was named and leaves the rest to the platform; an empty command is a setting', async () => {
    const options = ['--name', '我的网站', '--branch=next', '--slug', 'mine', '--root', 'web', '--install-command', ''];
    const { stdout } = await cli.run([
      ...['import', ...options, '--build-command', 'make site', '--output', 'out', '--start-command', 'node a.js'],
      ...['--runtime', 'node', '--no-wait', '--json', 'you/site'],
    ]);
    expect(JSON.parse(stdout)).toMatchObject({
      name: '我的网站',
      slug: 'mine',
      branch: 'next',
      settings: {
        root_directory: 'web',
        install_command: '',
        build_command: 'make site',
        output_directory: 'out',
        start_command: 'node a.js',
        runtime: 'node',
        node_version: null,
      },
    });
  });

  test('of a runtime that there is not is refused before anything is asked', async () => {
    const { exitCode, stderr } = await cli.run(['import', 'you/site', '--runtime', 'cobol']);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining('There is no runtime "cobol". Use one of static, node, python.'),
    });
  });

  test('that is refused says in one line what to do', async () => {
    const { exitCode, stdout, stderr } = await cli.run(['import', 'you/site', '--slug', 'api']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^The request is not valid.* slug: .*\[invalid_request, request \S+\]\n$/);
    expect(await cli.run(['import', 'you/nothing'])).toMatchObject({ exitCode: 4 });
  });
});

describe('deploy', () => {
  beforeEach(async () => {
    const { project } = await cli.project('site');
    await stored.db.query(sql`update projects set repository = 'you/site' where id = ${project.id}`);
  });

  test('deploys the head of the production branch and follows it until it is live', async () => {
    const { exitCode, stdout } = await follow(['deploy', '-p', 'site'], goesLive);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Deploying abcdef0 Work on main to production of site.\n● queued\n');
    expect(stdout).toMatch(/● deployed {2}in \d+\.\d s\n\nLive at https:\/\/site\.sites\.example\/\n$/);
  });

  test('--json prints one document: the deployment as it ended', async () => {
    const { exitCode, stdout, stderr } = await follow(['deploy', '-p', 'site', '--json'], (id) => cli.show(id));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const { data } = await cli.you.client('listDeployments', { params: { project: 'site' } });
    expect(JSON.parse(stdout)).toEqual(data[0]);
    expect(data[0]).toMatchObject({ commit_sha: HEAD, trigger: 'manual', status: 'deployed' });
  });

  test('--no-wait returns as soon as it is queued', async () => {
    const { exitCode, stdout } = await cli.run(['deploy', '-p', 'site', '--no-wait']);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^Deploying .*\ndep_\w+ is queued/),
    });
    expect(cli.requests.filter((request) => request.includes('stream'))).toEqual([]);
  });

  test('takes a branch, or a commit as git here names it', async () => {
    const branch = await cli.run(['deploy', '-p', 'site', '--branch', 'next', '--no-wait', '--json']);
    expect(JSON.parse(branch.stdout)).toMatchObject({ commit_sha: OTHER, branch: 'next' });
    const whole = await cli.run(['deploy', '-p', 'site', '--commit', OTHER, '--no-wait', '--json']);
    expect(JSON.parse(whole.stdout)).toMatchObject({ commit_sha: OTHER });

    cli.git('init', '--quiet');
    const author = ['-c', 'user.name=You', '-c', 'user.email=you@example.com'];
    cli.git(...author, 'commit', '--quiet', '--allow-empty', '-m', 'one');
    const sha = cli.git('rev-parse', 'HEAD').trim();
    cli.api.codeHost.repositories[0] = { ...cli.api.codeHost.repositories[0], commits: [sha] } as never;
    const named = await cli.run(['deploy', '-p', 'site', '--commit', 'HEAD', '--no-wait', '--json']);
    expect(JSON.parse(named.stdout)).toMatchObject({ commit_sha: sha });

    for (const wrong of [
      ['--commit', 'no-such'],
      ['--commit', 'HEAD', '--branch', 'next'],
    ]) {
      expect(await cli.run(['deploy', '-p', 'site', ...wrong])).toMatchObject({ exitCode: 2, stdout: '' });
    }
    const missing = await cli.run(['deploy', '-p', 'site', '--branch', 'gone']);
    expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no such branch') });
  });

  test('that fails ends with 1, and says why after what the build has printed', async () => {
    const { exitCode, stdout } = await follow(['deploy', '-p', 'site'], async (id, seen) => {
      await seen('● queued');
      cli.api.buildLog.lines.set(id, ['make: *** [site] Error 3\n']);
      await cli.become(id, 'failed', { reason: 'build_failed', reasonMessage: 'The build ended with exit code 3.' });
    });
    expect(exitCode).toBe(1);
    expect(stdout).toContain(
      '  │ make: *** [site] Error 3\n● failed    The build ended with exit code 3. (build_failed)\n',
    );
    expect(stdout).not.toContain('Live at');
  });

  test('that is built and not shown says why, and claims no address', async () => {
    const { exitCode, stdout } = await follow(['deploy', '-p', 'site'], (id) =>
      cli.become(id, 'deployed', { reason: 'held' }),
    );
    expect(exitCode).toBe(0);
    expect(stdout).toContain('not live: auto-promotion is off');
    expect(stdout).not.toContain('Live at');
  });

  test('goes on where it was when the stream breaks off, and asks for one deployment however often it had to ask', async () => {
    let broken = 0;
    const breaking: typeof fetch = async (input, init) => {
      const request = new Request(input, init);
      const isPost = request.method === 'POST';
      const response = await cli.api.app.request(request);
      // The first answer to the POST is lost on its way; of the first two streams little arrives.
      if (isPost && broken === 0) {
        broken += 1;
        throw new TypeError('fetch failed', { cause: new Error('lost') });
      }
      if (!request.url.endsWith('/logs/stream') || broken > 2) return response;
      broken += 1;
      const reader = response.body?.getReader();
      return new Response(
        new ReadableStream({
          async start(controller) {
            for (let pieces = 0; pieces < 3; pieces++) controller.enqueue((await reader?.read())?.value);
            await reader?.cancel();
            controller.error(new TypeError('terminated'));
          },
        }),
        response,
      );
    };
    const ended = cli.run(['deploy', '-p', 'site'], { fetch: breaking });
    const id = await vi.waitFor(async () => {
      const { data } = await cli.you.client('listDeployments', { params: { project: 'site' } });
      if (!data[0]) throw new Error('nothing is deployed yet');
      return data[0].id;
    }, PATIENCE);
    cli.api.buildLog.lines.set(id, ['one\n', 'two\n', 'three\n']);
    await cli.become(id, 'building');
    await vi.waitFor(() => expect(broken).toBe(3), PATIENCE);
    await cli.show(id);
    const { exitCode, stdout } = await ended;
    expect(exitCode).toBe(0);
    for (const line of ['one', 'two', 'three']) expect(stdout.match(new RegExp(`│ ${line}$`, 'gm'))).toHaveLength(1);
    expect((await cli.you.client('listDeployments', { params: { project: 'site' } })).data).toHaveLength(1);
  });

  test('shows what is true at the moment on a terminal only, and leaves nothing of it behind', async () => {
    const { stdout } = await follow(['deploy', '-p', 'site'], goesLive, { isTerminal: true });
    expect(stdout).toContain('… building, ');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what clears a line begins with the escape character
    const shown = stdout.split('\n').map((line) => line.replace(/^.*\r\u001b\[2K/s, ''));
    expect(shown.join('\n')).not.toContain('…');
  });
});

describe('a deployment that is there', () => {
  test('is followed by logs -f to its end, which is the end of the command', async () => {
    const id = await cli.deployment(await cli.project('site'));
    cli.api.buildLog.lines.set(id, ['one\n']);
    const { exitCode, stdout } = await follow(['logs', '-f', '-p', 'site'], async (id, seen) => {
      await seen('one\n');
      cli.api.buildLog.lines.set(id, ['one\n', 'two\n']);
      await cli.become(id, 'failed');
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: 'one\ntwo\n' });
  });

  test('is stopped, once; of those that have ended none is', async () => {
    const id = await cli.deployment(await cli.project('site'));
    const stopped = await cli.run(['cancel', '-p', 'site']);
    expect(stopped).toMatchObject({ exitCode: 0, stdout: `Cancelled ${id}.\n` });
    expect(await cli.run(['cancel', '-p', 'site'])).toMatchObject({
      exitCode: 4,
      stderr: 'site has no deployment in progress.\n',
    });
    expect(await cli.run(['cancel', id, '-p', 'site'])).toMatchObject({ exitCode: 1 });
  });

  test('is built once more', async () => {
    const id = await cli.deployment(await cli.project('site'), OTHER);
    await cli.become(id, 'failed');
    const { stdout } = await cli.run(['redeploy', OTHER.slice(0, 7), '-p', 'site', '--no-wait', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ commit_sha: OTHER, trigger: 'redeploy', status: 'queued' });
  });

  test('is not built once more when it is an uploaded folder: nothing older takes its place, and the person is told why', async () => {
    const site = await cli.project('site');
    const older = await cli.deployment(site, OTHER);
    await cli.become(older, 'failed');
    const { data: upload } = await cli.you.client('createPrebuiltDeployment', {
      params: { project: 'site' },
      body: {},
    });
    const { id } = upload.deployment;
    for (const args of [[], [id]]) {
      const { exitCode, stdout, stderr } = await cli.run(['redeploy', ...args, '-p', 'site', '--no-wait']);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toContain(`${id}${args.length === 0 ? ',' : ''} is an uploaded folder, which cannot be rebuilt`);
    }
    expect(cli.requests.filter((request) => request.endsWith('/redeploy'))).toEqual([]);
    const { exitCode } = await cli.run(['redeploy', OTHER.slice(0, 7), '-p', 'site', '--no-wait']);
    expect(exitCode).toBe(0);
  });

  test('is gone back to, kept there, and left again by promote', async () => {
    const site = await cli.project('site');
    expect(await cli.run(['rollback', '-p', 'site'])).toMatchObject({ exitCode: 4, stdout: '' });
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      const id = await cli.deployment(site);
      await stored.moveClock(60 * i);
      await cli.show(id);
      ids.push(id);
    }
    const [first, second, third] = ids;
    const currentId = async () =>
      JSON.parse((await cli.run(['environments', '-p', 'site', '--json'])).stdout)[0].current_deployment_id;

    const { exitCode, stdout } = await cli.run(['rollback', '-p', 'site']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Rolled production back to ');
    expect(stdout).toContain('new deployments wait until you run miaobu promote');
    expect(await currentId()).toBe(second);
    expect((await cli.run(['environments', '-p', 'site'])).stdout).toContain('  off ');

    const promoted = await cli.run(['promote', '-p', 'site']);
    expect(promoted).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(third ?? '') });
    expect((await cli.run(['environments', '-p', 'site'])).stdout).toContain('  on ');

    const named = await cli.run(['rollback', first ?? '', '-p', 'site', '--json']);
    expect(JSON.parse(named.stdout)).toMatchObject({ current_deployment_id: first, auto_promote: false });
    expect(await cli.run(['rollback', first ?? '', '-p', 'site'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('Not possible: the deployment is already current.'),
    });
    expect(await cli.run(['rollback', '-p', 'site', '-e', 'nowhere'])).toMatchObject({ exitCode: 4 });
  });
});
