import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { commandAliases } from './command-aliases.ts';
import { commandOptions } from './command-options.ts';
import { commandTable } from './command-table.ts';
import { nearestName } from './nearest-name.ts';
import { runHere } from './testing/run-miaobu.ts';

describe('the program ends with 2 and asks nobody anything', () => {
  test.each([
    ['without a command', [], 'miaobu <command> [options]'],
    ['for a command that does not exist', ['frobnicate'], 'There is no command "frobnicate". See: miaobu help'],
    ['for one that is nearly there', ['lits'], 'There is no command "lits". Did you mean: miaobu list'],
    ['for a second word that is nearly there', ['env', 'lst'], 'Did you mean: miaobu env list'],
    ['for a second word of a command', ['environments', 'ad'], 'Did you mean: miaobu environments add'],
    ['for a group of commands alone', ['env'], '  env set <name>'],
    ['for an option that does not exist', ['list', '--lim'], 'There is no option --lim. Did you mean --limit?'],
    ['for one that nothing is near to', ['list', '--xyzzy'], 'There is no option --xyzzy. See: miaobu help'],
    ['for an option of another command', ['whoami', '--follow'], 'whoami has no option --follow.'],
    ['for an option without its value', ['import', 'demo/site', '--branch'], 'argument missing'],
    ['when something is missing', ['env', 'set'], 'env set needs <name>.'],
    ['for a value on the command line', ['env', 'set', 'KEY=secret'], 'miaobu env set KEY\n'],
    ['when something is too much', ['status', 'site', 'other'], 'status does not know what to do with "other".'],
    ['for a name that is empty', ['status', ''], 'status was given an empty name.'],
    ['for an address that is none', ['whoami', '--api-url', 'example.com'], 'must be an http or https URL'],
    ['for an address of another kind', ['whoami', '--api-url', 'ftp://example.com'], 'must be an http or https URL'],
  ])('%s', async (_, args, problem) => {
    const { exitCode, stdout, stderr } = await runHere(args, {
      environment: { MIAOBU_TOKEN: 'a-token', MIAOBU_API_URL: 'https://api.example', XDG_CONFIG_HOME: '/nowhere' },
    });
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 2, stdout: '', stderr: expect.stringContaining(problem) });
  });

  test.each([
    [['login', '--token', 'mb_live_ofSomebody']],
    [['login', '--token=mb_live_ofSomebody']],
    [['mb_live_ofSomebody']],
  ])('for a token on the command line, without repeating it: %s', async (args) => {
    const { exitCode, stderr } = await runHere(args, {});
    expect(exitCode).toBe(2);
    expect(stderr).toContain('login --token <');
    expect(stderr).not.toContain('ofSomebody');
  });

  test('for a token that no header can hold', async () => {
    const environment = { MIAOBU_API_URL: 'https://api.example', MIAOBU_TOKEN: 'a\nb', XDG_CONFIG_HOME: '/nowhere' };
    const { exitCode, stderr } = await runHere(['whoami'], { environment });
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining('The token contains') });
  });
});

describe('help', () => {
  test('needs no platform, and tells of every command', async () => {
    const { exitCode, stdout, stderr } = await runHere(['help'], {});
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    for (const name of commandTable.keys()) expect(stdout).toMatch(new RegExp(`^  ${name}(?: [<[]| +[A-Z])`, 'm'));
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  test.each([...commandTable])('of %s tells its options and shows how to use it', async (name, command) => {
    const { exitCode, stdout } = await runHere(['help', ...name.split(' ')], {});
    expect(exitCode).toBe(0);
    expect(await runHere([...name.split(' '), '--help'], {})).toMatchObject({ exitCode: 0, stdout });
    for (const option of command.options) expect(stdout).toContain(`--${option}`);
    expect(command.examples.length).toBeGreaterThan(0);
    for (const [line] of command.examples) expect(line).toMatch(/\bmiaobu [a-z]+/);
  });

  test('no option is there that no command has', () => {
    const used = new Set([...commandTable.values()].flatMap(({ options }) => [...options]));
    for (const always of ['api-url', 'json', 'help', 'version'] as const) used.add(always);
    expect(Object.keys(commandOptions).filter((name) => !used.has(name as keyof typeof commandOptions))).toEqual([]);
  });
});

describe('other words for commands', () => {
  test.each([...commandAliases])('%s is %s', async (alias, command) => {
    expect(commandTable.has(alias)).toBe(false);
    const { exitCode, stdout } = await runHere([...alias.split(' '), '--help'], {});
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`miaobu ${command}`) });
    expect(stdout).toContain(`miaobu ${alias}`);
    expect(await runHere(['help', ...alias.split(' ')], {})).toMatchObject({ exitCode: 0, stdout });
  });
});

test.each(['--version', '-v'])('%s prints the version of the package, and needs no platform', async (option) => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(await runHere([option], {})).toMatchObject({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
});

test.each([
  ['deply', 'deploy'],
  ['depoly', 'deploy'],
  ['dep', 'deploy'],
  ['rolback', 'rollback'],
  ['xyz', undefined],
])('who types %s means %s', (typed, meant) => {
  expect(nearestName(typed, commandTable.keys())).toBe(meant);
});
