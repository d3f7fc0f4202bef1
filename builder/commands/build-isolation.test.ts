import { afterAll, beforeAll, expect, test } from 'vitest';
import { archiveOfFiles } from '../testing/archive-of.ts';
import { type BundledBuilder, bundledBuilder } from '../testing/run-builder.ts';
import { startTestPlatform } from '../testing/test-platform.ts';

const isRoot = process.getuid?.() === 0;
const onLinux = process.platform === 'linux';

let builder: BundledBuilder;
beforeAll(async () => {
  builder = await bundledBuilder();
}, 60_000);
afterAll(() => builder.remove());

/** A project whose build is this script, in Node. */
const projectOf = (script: string) => archiveOfFiles({ 'build.cjs': script });
const buildCommand = 'node build.cjs && mkdir -p dist && echo hello > dist/index.html';

test("a build sees its own variables and none of the runner's", async () => {
  await using platform = await startTestPlatform({
    archive: projectOf(`for (const [name, value] of Object.entries(process.env)) console.log(name + ' is ' + value);
      console.log('stdin: ' + require('node:fs').readFileSync(0).length + ' bytes');
      console.log('arguments: ' + process.argv.length);`),
    settings: { build_command: buildCommand },
    environment: { API: 'v1', LD_PRELOAD: '/tmp/evil.so', PATH: '/evil', 'not a name': 'x', TWO: 'a\nLD_PRELOAD=b' },
  });
  const environment = {
    PATH: `/checkout/node_modules/.bin:${process.env.PATH}`,
    AWS_SECRET: 'runner-secret',
    npm_config_registry: 'https://registry.example.com/',
  };
  expect((await builder.run(platform.inputs, { environment })).code).toBe(0);

  const log = platform.log();
  const names = [...log.matchAll(/^(\w+) is /gm)]
    .map(([, name]) => name)
    .filter((name) => !/^(PWD|OLDPWD|SHLVL|_|npm_config_globalconfig)$/.test(name ?? ''));
  expect(names.sort()).toEqual(
    [
      'API',
      'CI',
      'HOME',
      'LANG',
      'MIAOBU_RUN',
      'PATH',
      'TMPDIR',
      'TWO',
      'npm_config_audit',
      'npm_config_fund',
      'npm_config_registry',
      'npm_config_update_notifier',
    ].sort(),
  );
  expect(log).toContain('API is v1\n');
  expect(log).toContain('stdin: 0 bytes\narguments: 2\n');
  expect(log).toMatch(/^PATH is [^:]*\/programs:/m);
  expect(log).not.toContain('node_modules/.bin');
  for (const name of ['LD_PRELOAD', 'PATH', 'not a name']) {
    expect(log).toContain(`Note: the variable ${name} is left out`);
  }
});

test.runIf(onLinux)("no secret of the platform's can be read from the runner's process", async () => {
  await using platform = await startTestPlatform({
    archive: projectOf(`const { readFileSync, readdirSync } = require('node:fs');
      const runner = readFileSync('/proc/' + process.ppid + '/stat', 'utf8').split(') ')[1].split(' ')[1];
      for (const file of ['cmdline', 'environ', 'fd/0', 'maps']) {
        try { console.log(file + ': ' + readFileSync('/proc/' + runner + '/' + file, 'latin1').replaceAll('\\0', ' ')); }
        catch (error) { console.log(file + ': ' + error.code); }
      }
      console.log('user ' + process.getuid() + ' groups ' + process.getgroups());`),
    settings: { build_command: `node build.cjs; ${buildCommand}` },
  });
  const run = await builder.run(platform.inputs, { environment: { OPERATOR_SECRET: 'of-the-operator' } });
  expect(run.code).toBe(0);

  const log = platform.log();
  expect(log).toMatch(/^cmdline: .*builder\.cjs/m);
  // Tokens would be masked; that nothing was masked shows that none was there.
  expect(log).not.toContain('***');
  for (const secret of Object.values(platform.secrets)) expect(log).not.toContain(secret);
  if (isRoot) {
    expect(log).toContain('environ: EACCES');
    expect(log).toContain('fd/0: EACCES');
    expect(log).toContain('maps: EACCES');
    expect(log).not.toContain('of-the-operator');
    const [, user, groups] = /^user (\d+) groups (.*)$/m.exec(log) ?? [];
    expect(Number(user)).toBeGreaterThan(0);
    expect(groups).toBe(user);
  } else {
    expect(log).toContain("Note: the build runs as the runner's own user");
  }
});

test('secrets are masked, even one printed in two pieces; what is not secret is shown', async () => {
  const secret = 'correct-horse-battery-staple';
  await using platform = await startTestPlatform({
    archive: projectOf(`const write = (text) => new Promise((done) => process.stdout.write(text, done));
      (async () => {
        const secret = process.env.API_KEY;
        await write('whole ' + secret + '\\n');
        await write('split ' + secret.slice(0, 9));
        await write(secret.slice(9) + ' end\\n');
        await write('short ' + process.env.MODE + '\\n');
        await write('plain ' + process.env.PLACE + '\\n');
        await write('beginning ' + secret.slice(0, 9) + '\\n');
        process.exit(9);
      })();`),
    settings: { build_command: buildCommand },
    environment: { API_KEY: secret, MODE: 'prod', PLACE: 'Hangzhou' },
    plainVariables: ['PLACE'],
  });
  expect((await builder.run(platform.inputs)).code).toBe(1);

  expect(platform.log()).toContain(
    'Note: the value of MODE is shown where it is printed: it is too short to be hidden.\n',
  );
  expect(platform.log()).toContain('whole ***\nsplit *** end\nshort prod\nplain Hangzhou\nbeginning correct-h\n');
  expect(platform.reports.at(-1)).toMatchObject({ message: expect.stringContaining('split *** end') });
  expect(JSON.stringify([platform.chunks, platform.reports])).not.toContain(secret);
});
