import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../tests/patience.ts';
import { archiveOfFiles } from '../testing/archive-of.ts';
import { type BundledBuilder, bundledBuilder } from '../testing/run-builder.ts';
import { startTestPlatform, type TestPlatform } from '../testing/test-platform.ts';

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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A process that is dead but not yet reaped still accepts signals.
  return !onLinux || !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

const pidsIn = (platform: TestPlatform) => [...platform.log().matchAll(/^pid (\d+)$/gm)].map(([, pid]) => Number(pid));

/**
 * Starts a grandchild, and on Linux also one that leaves group and session, and prints their process ids. Under a user of
 * the build's own, the latter also removes the marker from its environment.
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
      // Repeated until the log with the process ids has arrived.
      return pids.length < DAEMONS ? { status: 503 } : undefined;
    },
  });
  expect((await builder.run(platform.inputs)).code).toBe(0);
  expect(alive).toEqual(Array.from({ length: DAEMONS }, () => false));
  expect(platform.manifest().files).toHaveLength(1);
}, 60_000);

test('a heartbeat that is answered with stop ends the build, its daemons too, without a report', async () => {
  await using platform: TestPlatform = await startTestPlatform({
    archive: projectOf(`${WITH_DAEMON} setInterval(() => {}, 1000);`),
    settings: { build_command: buildCommand },
    intercept: ({ path, body }) =>
      path.endsWith('/reports') &&
      JSON.parse(body.toString()).kind === 'heartbeat' &&
      pidsIn(platform).length === DAEMONS
        ? { status: 200, json: { data: { ignored: true, stop: true } } }
        : undefined,
  });
  const run = await builder.run(platform.inputs);

  expect(run).toMatchObject({ code: 0, stderr: 'miaobu-builder: over\n', leftovers: [] });
  const pids = pidsIn(platform);
  expect(pids).toHaveLength(DAEMONS);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(platform.reports.map((it) => it.kind).filter((kind) => kind !== 'heartbeat')).toEqual(['building']);
}, 60_000);

test('a run that is asked to end reports that it was cancelled and leaves no process', async () => {
  await using platform = await startTestPlatform({
    archive: projectOf(`${WITH_DAEMON} setInterval(() => {}, 1000);`),
    settings: { build_command: buildCommand },
  });
  const run = await builder.run(platform.inputs, {
    started: (child) =>
      void vi.waitUntil(() => pidsIn(platform).length === DAEMONS, PATIENCE).then(() => child.kill('SIGTERM')),
  });
  expect(run).toMatchObject({ code: 1, leftovers: [] });
  expect(platform.reports.at(-1)).toMatchObject({ kind: 'failed', code: 'cancelled' });
  expect(pidsIn(platform).filter(isAlive)).toEqual([]);
}, 60_000);

/** Any user but root: `nobody` on most systems. */
const ORDINARY_USER = 65_534;

test.runIf(onLinux)(
  'as an ordinary user, a process that hid too well to be killed prevents the build from being published',
  async () => {
    await using platform = await startTestPlatform({
      archive: projectOf(`const { spawn } = require('node:child_process');
      const options = { detached: true, env: {}, cwd: '/', stdio: ['ignore', 'inherit', 'inherit'] };
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], options);
      console.log('pid ' + child.pid);
      child.unref();`),
      settings: { build_command: buildCommand },
    });
    const run = await builder.run(platform.inputs, isRoot ? { user: ORDINARY_USER } : {});
    for (const pid of pidsIn(platform)) process.kill(pid, 'SIGKILL');

    expect(run.code).toBe(1);
    expect(pidsIn(platform)).toHaveLength(1);
    expect(platform.log()).toContain(
      "Note: the build runs as the runner's own user, because the runner was not started as root",
    );
    expect(platform.reports.at(-1)).toMatchObject({
      code: 'build_failed',
      message: expect.stringContaining('left a process behind that cannot be found and ended'),
    });
    expect(platform.objects.size).toBe(0);
  },
  60_000,
);
