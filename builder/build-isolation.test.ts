import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { archiveOfFiles } from './testing/archive-of.ts';
import { type BundledBuilder, bundledBuilder } from './testing/run-builder.ts';
import { startTestPlatform, type TestPlatform } from './testing/test-platform.ts';

const isRoot = process.getuid?.() === 0;
const onLinux = process.platform === 'linux';

let builder: BundledBuilder;
beforeAll(async () => {
  builder = await bundledBuilder();
});
afterAll(() => builder.remove());

/** A project whose build is this script, in Node. */
const projectOf = (script: string) => archiveOfFiles({ 'build.cjs': script });
const buildCommand = 'node build.cjs && mkdir -p dist && echo hello > dist/index.html';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A process that is dead and not yet reaped still takes signals.
  return !onLinux || !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

const pidsIn = (platform: TestPlatform) => [...platform.log().matchAll(/^pid (\d+)$/gm)].map(([, pid]) => Number(pid));

test("a build sees its own variables and nothing of the runner's", async () => {
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
  // Tokens would be masked; that none was there shows in that nothing had to be.
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

test('secrets are masked, also one that is printed in two pieces', async () => {
  const secret = 'correct-horse-battery-staple';
  await using platform = await startTestPlatform({
    archive: projectOf(`const write = (text) => new Promise((done) => process.stdout.write(text, done));
      (async () => {
        const secret = process.env.API_KEY;
        await write('whole ' + secret + '\\n');
        await write('split ' + secret.slice(0, 9));
        await write(secret.slice(9) + ' end\\n');
        await write('short ' + process.env.MODE + '\\n');
        await write('beginning ' + secret.slice(0, 9) + '\\n');
        process.exit(9);
      })();`),
    settings: { build_command: buildCommand },
    environment: { API_KEY: secret, MODE: 'prod' },
  });
  expect((await builder.run(platform.inputs)).code).toBe(1);

  expect(platform.log()).toContain('whole ***\nsplit *** end\nshort prod\nbeginning correct-h\n');
  expect(platform.reports.at(-1)).toMatchObject({ message: expect.stringContaining('split *** end') });
  expect(JSON.stringify([platform.chunks, platform.reports])).not.toContain(secret);
});

/**
 * Starts a grandchild, and on Linux also one that leaves group and session, and prints their process ids. Under a user of
 * the build's own, the latter takes off the mark in its environment as well.
 */
const WITH_DAEMON = `const { spawn } = require('node:child_process');
  for (const detached of process.platform === 'linux' ? [false, true] : [false]) {
    const env = detached && ${isRoot} ? {} : process.env;
    const options = { detached, env, cwd: '/', stdio: ['ignore', 'inherit', 'inherit'] };
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], options);
    console.log('pid ' + child.pid);
    child.unref();
  }
`;
const DAEMONS = onLinux ? 2 : 1;

test('when the build is over, nothing it started is left before anything is published', async () => {
  let alive: boolean[] = [];
  await using platform: TestPlatform = await startTestPlatform({
    archive: projectOf(WITH_DAEMON),
    settings: { build_command: buildCommand },
    intercept({ path }) {
      if (!path.endsWith('/publication')) return undefined;
      const pids = pidsIn(platform);
      alive = pids.map(isAlive);
      // Asked for again until the log with the process ids is here.
      return pids.length < DAEMONS ? { status: 503 } : undefined;
    },
  });
  expect((await builder.run(platform.inputs)).code).toBe(0);
  expect(alive).toEqual(Array.from({ length: DAEMONS }, () => false));
  expect(platform.manifest().files).toHaveLength(1);
}, 20_000);

test('a heartbeat that is answered with stop ends the build, its daemons too, without a report', async () => {
  await using platform = await startTestPlatform({
    archive: projectOf(`${WITH_DAEMON} setInterval(() => {}, 1000);`),
    settings: { build_command: buildCommand },
    intercept: ({ path, body }) =>
      path.endsWith('/reports') && JSON.parse(body.toString()).kind === 'heartbeat'
        ? { status: 200, json: { data: { ignored: true, stop: true } } }
        : undefined,
  });
  const run = await builder.run(platform.inputs);

  expect(run).toMatchObject({ code: 0, stderr: 'miaobu-builder: over\n', leftovers: [] });
  const pids = pidsIn(platform);
  expect(pids).toHaveLength(DAEMONS);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(platform.reports.map((it) => it.kind)).toEqual(['building']);
}, 30_000);

test('a run that is told to end reports that it was cancelled and leaves no process', async () => {
  await using platform = await startTestPlatform({
    archive: projectOf(`${WITH_DAEMON} setInterval(() => {}, 1000);`),
    settings: { build_command: buildCommand },
  });
  const run = await builder.run(platform.inputs, {
    started: (child) =>
      void vi
        .waitUntil(() => pidsIn(platform).length === DAEMONS, { timeout: 15_000 })
        .then(() => child.kill('SIGTERM')),
  });
  expect(run).toMatchObject({ code: 1, leftovers: [] });
  expect(platform.reports.at(-1)).toMatchObject({ kind: 'failed', code: 'cancelled' });
  expect(pidsIn(platform).filter(isAlive)).toEqual([]);
}, 30_000);
