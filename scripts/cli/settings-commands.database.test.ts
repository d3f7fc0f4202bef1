import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { sql } from '@miaobu/shared/db/sql';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../../tests/database/prepare-deployment.ts';
import { type CliUnderTest, cliUnderTest } from './testing/cli-under-test.ts';
import type { WorldOptions } from './testing/run-miaobu.ts';

let stored: TestStore;
let cli: CliUnderTest;
beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  cli = await cliUnderTest(stored);
  const { project } = await cli.project('site');
  await stored.db.query(sql`update projects set repository = 'you/site' where id = ${project.id}`);
});
afterEach(() => cli.close());
afterAll(() => stored.close());

const run = (args: readonly string[], options: WorldOptions = {}) => cli.run([...args, '-p', 'site'], options);
const json = async (args: readonly string[], options: WorldOptions = {}) =>
  JSON.parse((await run([...args, '--json'], options)).stdout);

describe('webhook', () => {
  const overlapOf = async (...args: string[]) => {
    const { previous_accepted_until: until } = await json(['webhook', ...args]);
    return until === null ? 0 : (Date.parse(until) - Date.now()) / 3_600_000;
  };

  test('rotate replaces the secret, for a day unless told otherwise, and no secret is shown', async () => {
    expect((await run(['webhook'])).stdout).toContain('Pushes signed with any other secret are refused.');
    const { stdout } = await run(['webhook', 'rotate']);
    expect(stdout).toMatch(
      /^GitHub has not been given the current secret yet\.\nThe secret before it is accepted until \d{4}-/,
    );
    expect((await run(['webhook'])).stdout).toBe(stdout);
    expect(await overlapOf()).toBeCloseTo(24, 0);
    expect(await overlapOf('rotate', '--overlap', '2')).toBeCloseTo(2, 0);
    expect(await overlapOf('rotate', '--overlap', '0')).toBe(0);
  });

  test.each(['25', '-1', '1.5', 'day', ''])(
    'an overlap of "%s" hours is refused before anything is asked',
    async (hours) => {
      expect(await run(['webhook', 'rotate', `--overlap=${hours}`])).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining('at most 24'),
      });
      expect(cli.requests).toEqual([]);
    },
  );
});

describe('env', () => {
  const list = () => json(['env', 'list']);

  test('set takes the value from a pipe, a file, or a person who is not shown it; a secret is never shown again', async () => {
    expect((await run(['env', 'list'])).stdout).toContain('miaobu env set');
    await run(['env', 'set', 'PIPED'], { input: 'a value\nof two lines\n' });
    writeFileSync(path.join(cli.home, 'key.txt'), 'from a file');
    await run(['env', 'set', 'FILED', '--file', 'key.txt', '--plain', '--scope', 'build', '-e', 'staging']);
    const asked = await run(['env', 'set', 'TYPED', '--plain'], { typed: [' spaces stay '] });
    expect(asked.questions).toEqual(['Value of TYPED: ']);
    expect(await list()).toMatchObject([
      { key: 'PIPED', value: null, is_secret: true, environment: 'production', scope: 'both' },
      { key: 'TYPED', value: ' spaces stay ', is_secret: false },
      { key: 'FILED', value: 'from a file', environment: 'staging', scope: 'build' },
    ]);
    const { stdout } = await run(['env', 'list']);
    expect(stdout).toMatch(/^PIPED +secret +production +both/m);
    expect(stdout).not.toContain('a value');
  });

  test('set changes what is there, and leaves its scope unless told', async () => {
    await run(['env', 'set', 'KEY', '--plain', '--scope', 'build'], { input: 'one' });
    await run(['env', 'set', 'KEY', '--plain'], { input: 'two' });
    expect(await list()).toMatchObject([{ key: 'KEY', value: 'two', scope: 'build' }]);
  });

  test('rm deletes the one that is meant, and names the near one otherwise', async () => {
    await run(['env', 'set', 'API_KEY'], { input: 'one' });
    await run(['env', 'set', 'API_KEY', '-e', 'staging'], { input: 'one' });
    expect(await run(['env', 'rm', 'API_KYE'])).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining('Did you mean API_KEY?'),
    });
    expect(await run(['env', 'rm', 'API_KEY'])).toMatchObject({ exitCode: 0 });
    expect(await list()).toMatchObject([{ key: 'API_KEY', environment: 'staging' }]);
  });

  test('import sets all of a file or none, and pull writes what import reads', async () => {
    const content = 'ONE=1\nTWO="two words"\n# nothing\nTHREE=\'multi\nline $x\'\n';
    writeFileSync(path.join(cli.home, '.env'), content);
    expect(await run(['env', 'import', '.env', '--plain'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('ONE, '),
    });
    const { stdout } = await run(['env', 'pull']);
    await run(['env', 'import', '-', '--plain', '-e', 'staging'], { input: stdout });
    const valuesOf = (all: { environment: string; key: string; value: string }[], environment: string) =>
      Object.fromEntries(all.filter((each) => each.environment === environment).map(({ key, value }) => [key, value]));
    const all = await list();
    expect(valuesOf(all, 'staging')).toEqual({ ONE: '1', TWO: 'two words', THREE: 'multi\nline $x' });
    expect(valuesOf(all, 'production')).toEqual(valuesOf(all, 'staging'));

    const kept = await run(['env', 'import', '-', '--keep'], { input: 'NEW=1\nONE=2\n' });
    const stderr = expect.stringMatching(/^Not possible: these variables exist already \(ONE\)\. \[conflict/);
    expect(kept).toMatchObject({ exitCode: 1, stdout: '', stderr });
    expect(await list()).toHaveLength(6);
    expect(await run(['env', 'import', 'no-such-file'])).toMatchObject({ exitCode: 2 });
  });

  test('import names the lines that set nothing, and then sets none of the others', async () => {
    const refused = await run(['env', 'import', '-'], { input: 'ONE=1\nexport TWO\n# fine\nBAD NAME=secret\n' });
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Lines 2, 4 of standard input') });
    expect(refused.stderr).not.toContain('secret');
    expect(await list()).toEqual([]);
  });

  test('set takes no value from the command line, and does not repeat it', async () => {
    const refused = await run(['env', 'set', 'KEY=hidden'], { input: 'x' });
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('miaobu env set KEY\n') });
    expect(refused.stderr).not.toContain('hidden');
    expect(await list()).toEqual([]);
  });

  test('pull names secrets without a value, and says so apart from the file', async () => {
    await run(['env', 'set', 'SECRET'], { input: 'hidden' });
    expect(await run(['env', 'pull'])).toMatchObject({
      stdout: '# SECRET is a secret\n',
      stderr: expect.stringContaining('1 of 1 are secrets'),
    });
  });

  test('takes no environment or scope that there is not', async () => {
    const { exitCode, stderr } = await run(['env', 'list', '-e', 'prodution']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining('Did you mean production?') });
    expect(await run(['env', 'set', 'KEY', '--scope', 'all'], { input: 'x' })).toMatchObject({ exitCode: 2 });
  });
});

describe('project', () => {
  const settings = async () => (await json(['project'])).settings;

  test('set changes what it names, and leaves to detection again what it is told to', async () => {
    const before = await settings();
    const changed = await run(['project', 'set', '--build-command', 'npm run docs', '--install-command', '']);
    expect(changed).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Install command +nothing$/m) });
    expect(await settings()).toEqual({ ...before, build_command: 'npm run docs', install_command: '' });
    await run(['project', 'set', '--detect', 'build-command, install-command', '--name', 'Our docs']);
    expect(await json(['project'])).toMatchObject({
      name: 'Our docs',
      settings: { ...before, build_command: null, install_command: null },
    });
    expect((await run(['project'])).stdout).toMatch(/^Build command +detected$/m);
  });

  test('set that names nothing, or nothing that can be detected, changes nothing', async () => {
    const before = await json(['project']);
    expect(await run(['project', 'set'])).toMatchObject({ exitCode: 2 });
    expect(await run(['project', 'set', '--detect', 'root'])).toMatchObject({ exitCode: 2 });
    expect(await run(['project', 'set', '--runtime', 'ruby'])).toMatchObject({ exitCode: 2 });
    expect(await json(['project'])).toEqual(before);
  });
});

describe('environments', () => {
  test('staging is switched on with a branch, changed, and switched off when it was confirmed', async () => {
    cli.api.codeHost.repositories.push({
      id: 1,
      fullName: 'you/site',
      branches: { next: '1234567890123456789012345678901234567890' },
      visibleTo: ['github-you'],
    });
    expect(await run(['environments', 'add'])).toMatchObject({ exitCode: 2 });
    const added = await json(['environments', 'add', '--branch', 'next', '--no-wait']);
    expect(added).toMatchObject({ name: 'staging', branch: 'next', deployment: { environment: 'staging' } });

    const held = await run(['environments', 'set', 'staging', '--auto-promote', 'off']);
    expect(held.stdout).toBe('staging follows next. Pushes are built, then wait for miaobu promote.\n');
    expect((await run(['environments'])).stdout).toMatch(/^staging +next +off +nothing +https:/m);
    expect(await run(['environments', 'set', 'staging'])).toMatchObject({ exitCode: 2 });
    expect(await run(['environments', 'set', 'stagin', '--branch', 'x'])).toMatchObject({ exitCode: 4 });

    expect(await run(['environments', 'rm'])).toMatchObject({ exitCode: 2 });
    expect(await run(['environments', 'rm'], { typed: ['n'] })).toMatchObject({ exitCode: 1 });
    expect(await json(['environments'])).toHaveLength(2);
    expect(await run(['environments', 'rm'], { typed: ['y'] })).toMatchObject({ exitCode: 0 });
    expect(await json(['environments'])).toHaveLength(1);
    expect(await run(['environments', 'rm', '--yes'])).toMatchObject({ exitCode: 4 });
  });
});

describe('hooks', () => {
  test('a hook is made with a command that works, listed without its secret, and ended', async () => {
    cli.api.codeHost.repositories.push({
      id: 1,
      fullName: 'you/site',
      branches: { main: '1234567890123456789012345678901234567890' },
      visibleTo: ['github-you'],
    });
    const { stdout } = await run(['hooks', 'create', 'of the CMS']);
    const [, secret = '', address = ''] = /curl -X POST -H 'Authorization: Bearer (\S+)' (\S+)\n/.exec(stdout) ?? [];
    const trigger = () =>
      cli.api.ask('POST', new URL(address).pathname, { headers: { authorization: `Bearer ${secret}` } });
    expect((await trigger()).status).toBe(202);

    const listed = await run(['hooks', 'list']);
    expect(listed.stdout).toMatch(/^\w+ {2}of the CMS {2}production {2}/m);
    expect(listed.stdout).not.toContain(secret);
    const [{ id }] = await json(['hooks', 'list']);
    expect(await run(['hooks', 'rm', id])).toMatchObject({ exitCode: 0, stdout: `Deleted ${id}.\n` });
    expect(await run(['hooks', 'rm', id])).toMatchObject({ exitCode: 4 });
    expect((await trigger()).status).toBe(401);
    expect((await run(['hooks', 'list'])).stdout).toContain('No deploy hooks yet');
  });
});

test('analyze tells how a repository would be built, and why', async () => {
  cli.api.codeHost.repositories.push({
    id: 1,
    fullName: 'you/site',
    branches: { main: '1234567890123456789012345678901234567890' },
    visibleTo: ['github-you'],
    files: { 'package.json': '{"devDependencies":{"vite":"7"},"scripts":{"build":"vite build"}}' },
  });
  const { exitCode, stdout } = await cli.run(['analyze', 'you/site']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^you\/site, main\n {2}Framework {2}Vite\n/);
  expect(JSON.parse((await cli.run(['analyze', 'you/site', '--json'])).stdout)).toMatchObject({ framework: 'Vite' });
  expect(await cli.run(['analyze', 'you/nothing'])).toMatchObject({ exitCode: 4 });
  expect(await cli.run(['analyze', 'site'])).toMatchObject({ exitCode: 2 });
});
