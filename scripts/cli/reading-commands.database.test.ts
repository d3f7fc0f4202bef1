import { sql } from '@miaobu/shared/db/sql';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';
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

const json = async (...args: string[]) => JSON.parse((await cli.run([...args, '--json'])).stdout);
const idsOf = (list: { id: string }[]) => list.map(({ id }) => id);
const HOSTILE = '\u001b]52;c;aGk=\u0007\u001b[2J\u009b31m\u202eevil';

describe('list', () => {
  test('shows projects, or says how to make one', async () => {
    expect((await cli.run(['list'])).stdout).toContain('miaobu import');
    await cli.project('blog');
    await cli.project('a-longer-name', { githubRepositoryId: 2 });
    expect((await cli.run(['list'])).stdout.split('\n')).toEqual([
      'PROJECT        REPOSITORY         BRANCH  LIVE  URL',
      'a-longer-name  you/a-longer-name  main    no    https://a-longer-name.sites.example/',
      'blog           you/blog           main    no    https://blog.sites.example/',
      '',
    ]);
    expect(await json('list')).toEqual((await cli.you.client('listProjects', {})).data);
  });

  test('of a project shows its deployments, narrowed to what is asked', async () => {
    const blog = await cli.project('blog');
    const failed = await cli.deployment(blog);
    await cli.become(failed, 'failed', { reason: 'build_failed' });
    const live = await cli.deployment(blog);
    await cli.show(live);
    const { stdout } = await cli.run(['list', 'blog']);
    expect(stdout.split('\n')[1]).toMatch(new RegExp(`^${live}  deployed, live  production .* (just now|\\d+ s ago)`));
    expect(idsOf(await json('list', 'blog'))).toEqual([live, failed]);
    expect(idsOf(await json('list', '-p', 'blog', '--status', 'failed'))).toEqual([failed]);
    expect(await json('list', 'blog', '--branch', 'other')).toEqual([]);
    expect(idsOf(await json('list', 'blog', '-n', '1'))).toEqual([live]);
  });

  test('reads as many pages as it takes, and twenty deployments unless told otherwise', async () => {
    const blog = await cli.project('blog');
    for (let i = 0; i < 23; i++) await cli.become(await cli.deployment(blog), 'failed');
    expect(await json('list', 'blog')).toHaveLength(20);
    expect(await json('list', 'blog', '--limit', '150')).toHaveLength(23);
  });

  test.each([
    [['--limit', 'ten'], '--limit must be a whole number'],
    [['--status', 'faild'], 'Did you mean failed?'],
  ])('takes no %s', async (options, problem) => {
    await cli.project('blog');
    const { exitCode, stderr } = await cli.run(['list', 'blog', ...options]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(problem) });
  });
});

test('what somebody else has is as missing as what there is not: 4, in one line', async () => {
  const other = await cli.api.signUp('other');
  const theirs = await cli.project('theirs');
  const id = await cli.deployment(theirs);
  const environment = { MIAOBU_TOKEN: other.token };
  for (const name of ['theirs', 'nothing']) {
    const ended = await cli.run(['status', name], { environment });
    expect(ended).toMatchObject({
      exitCode: 4,
      stdout: '',
      stderr: `You have no project "${name}". See: miaobu list\n`,
    });
  }
  const foreign = await cli.run(['inspect', id, '-p', 'theirs'], { environment });
  expect(foreign).toMatchObject({ exitCode: 4, stdout: '' });
  await cli.project('mine', { githubRepositoryId: 2 });
  expect(await cli.run(['inspect', id, '-p', 'mine'])).toMatchObject({
    exitCode: 4,
    stderr: `mine has no deployment ${id}. See: miaobu list mine\n`,
  });
});

test('status tells what is live apart from what came after it', async () => {
  const blog = await cli.project('blog');
  expect(await json('status', 'blog')).toMatchObject({ live: null, latest: null });
  const live = await cli.deployment(blog);
  await cli.show(live);
  const newest = await cli.deployment(blog);
  await cli.become(newest, 'failed', { reason: 'build_failed', reasonMessage: 'No luck.\nand the end of the log' });
  const { exitCode, stdout } = await cli.run(['status', 'blog']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^Live +deployed in \d/m);
  expect(stdout).toMatch(/^Newest +failed No luck\. \(build_failed\)$/m);
  expect(await json('status', 'blog')).toMatchObject({ live: { id: live }, latest: { id: newest } });
});

describe('a deployment', () => {
  test('is named by its id, by its commit or the beginning of it, or is the newest', async () => {
    const blog = await cli.project('blog');
    const sha = 'abcdef0123456789abcdef0123456789abcdef01';
    const older = await cli.deployment(blog, sha);
    await cli.become(older, 'failed');
    const newest = await cli.deployment(blog);
    for (const name of [older, sha, sha.slice(0, 7)]) {
      expect(await json('inspect', name, '-p', 'blog'), name).toMatchObject({ id: older });
    }
    expect(await json('inspect', '-p', 'blog')).toMatchObject({ id: newest });
    expect(await cli.run(['inspect', '0000000', '-p', 'blog'])).toMatchObject({ exitCode: 4 });
    expect(await cli.run(['inspect', 'newest', '-p', 'blog'])).toMatchObject({ exitCode: 2 });
  });

  test('is told with all that happened to it, in times that are one’s own', async () => {
    const blog = await cli.project('blog');
    const id = await cli.deployment(blog);
    const { stdout } = await cli.run(['inspect', id, '-p', 'blog']);
    expect(stdout).toMatch(new RegExp(`^Deployment +${id}$`, 'm'));
    expect(stdout).toMatch(/^Created +\d{4}-\d\d-\d\d \d\d:\d\d \(.*\) by push$/m);
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}→ queued +webhook$/m);
    expect((await json('inspect', id, '-p', 'blog')).events).toMatchObject([{ to_status: 'queued' }]);
  });

  test('shows nothing of its commit that could take over the terminal, as words or as JSON', async () => {
    const blog = await cli.project('blog');
    await cli.deployment(blog);
    await stored.db.query(sql`update deployments set commit_message = ${HOSTILE}, commit_author = ${HOSTILE}`);
    for (const command of [
      ['list', 'blog'],
      ['status', 'blog'],
      ['inspect', '-p', 'blog'],
    ]) {
      for (const options of [[], ['--json']]) {
        const { stdout } = await cli.run([...command, ...options]);
        expect(stdout).toContain('evil');
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
        expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      }
    }
    expect((await json('inspect', '-p', 'blog')).commit_message).toBe(HOSTILE);
  });
});

describe('logs', () => {
  test('prints the whole log of the newest deployment, and lines as they were left', async () => {
    const id = await cli.deployment(await cli.project('blog'));
    await cli.become(id, 'failed');
    cli.api.buildLog.lines.set(id, ['one\ntw', 'o\n10%\r100%\n', 'no end of line']);
    expect(await cli.run(['logs', '-p', 'blog'])).toMatchObject({
      exitCode: 0,
      stderr: '',
      stdout: 'one\ntwo\n100%\nno end of line\n',
    });
  });

  test('prints each entry as JSON on a line of its own', async () => {
    const id = await cli.deployment(await cli.project('blog'));
    await cli.become(id, 'failed');
    cli.api.buildLog.lines.set(id, ['one\n', HOSTILE]);
    const { stdout } = await cli.run(['logs', id, '-p', 'blog', '--json']);
    const entries = stdout.trimEnd().split('\n');
    expect(entries.map((line) => JSON.parse(line).text)).toEqual(['one\n', HOSTILE]);
    expect(stdout).not.toContain('\u009b');
  });

  test('shows nothing that could take over the terminal, and colours only where they are wanted', async () => {
    const id = await cli.deployment(await cli.project('blog'));
    await cli.become(id, 'failed');
    cli.api.buildLog.lines.set(id, [`${HOSTILE} \u001b[32mgreen\n`]);
    const command = ['logs', '-p', 'blog'];
    expect((await cli.run(command)).stdout).toBe('evil green\n');
    expect((await cli.run(command, { isTerminal: true, environment: { NO_COLOR: '1' } })).stdout).toBe('evil green\n');
    expect((await cli.run(command, { isTerminal: true })).stdout).toBe('evil \u001b[32mgreen\u001b[0m\n');
  });

  test('says that there is nothing to show', async () => {
    await cli.project('blog');
    const { exitCode, stderr } = await cli.run(['logs', '-p', 'blog']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 4, stderr: 'blog has no deployment.\n' });
  });
});

test('usage tells what was used of what may be', async () => {
  await cli.project('blog');
  const { exitCode, stdout } = await cli.run(['usage']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^\d{4}-\d\d-01 to \d{4}-\d\d-\d\d: 0 builds, 0\.0 s of build time\.\nStored now: 0 B of /);
  expect(await json('usage')).toEqual((await cli.you.client('getUsage', {})).data);
  expect(await json('usage', '--from', '2031-01-01', '--to', '2031-01-31')).toMatchObject({ from: '2031-01-01' });
  expect(await cli.run(['usage', '--from', 'yesterday'])).toMatchObject({ exitCode: 1 });
});

test('open shows the site where there is a browser, and its address everywhere', async () => {
  const blog = await cli.project('blog');
  const nothingYet = await cli.run(['open', 'blog'], { isTerminal: true });
  expect(nothingYet).toMatchObject({ exitCode: 0, opened: [], stderr: 'Nothing is live in production yet.\n' });
  await cli.show(await cli.deployment(blog));
  const { stdout, opened } = await cli.run(['open', 'blog'], { isTerminal: true });
  expect({ stdout, opened }).toEqual({
    stdout: 'https://blog.sites.example/\n',
    opened: ['https://blog.sites.example/'],
  });
  expect(await cli.run(['open', 'blog', '-e', 'staging'])).toMatchObject({ exitCode: 4 });
  expect(await json('open', 'blog')).toMatchObject({ name: 'production' });
});

describe('delete', () => {
  test('deletes after its slug was typed, and nothing after anything else', async () => {
    await cli.project('blog');
    const wrong = await cli.run(['delete', 'blog'], { typed: ['yes'] });
    expect(wrong).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Nothing was deleted') });
    expect(await json('list')).toHaveLength(1);
    const right = await cli.run(['delete', 'blog'], { typed: ['blog'] });
    expect(right).toMatchObject({ exitCode: 0, questions: ['Type blog to delete it: '] });
    expect(await json('list')).toEqual([]);
  });

  test('asks nobody where nobody is, unless --yes says that it is meant', async () => {
    await cli.project('blog');
    expect(await cli.run(['delete', 'blog'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--yes') });
    expect(await json('delete', 'blog', '--yes')).toMatchObject({ slug: 'blog', deleting: true });
  });
});
