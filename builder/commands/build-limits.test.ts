import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { archiveOfFiles } from '../testing/archive-of.ts';
import { type BundledBuilder, bundledBuilder } from '../testing/run-builder.ts';
import { startTestPlatform } from '../testing/test-platform.ts';

const onLinux = process.platform === 'linux';
const hasOwnUsers = onLinux && process.getuid?.() === 0;

let builder: BundledBuilder;
beforeAll(async () => {
  builder = await bundledBuilder();
}, 60_000);
afterAll(() => builder.remove());

const projectOf = (script: string) => archiveOfFiles({ 'build.cjs': script });
const buildCommand = 'node build.cjs && mkdir -p dist && echo hello > dist/index.html';

test.runIf(hasOwnUsers)(
  'a fork bomb ends with its build, and a concurrent build is not affected',
  async () => {
    await using bombed = await startTestPlatform({
      archive: archiveOfFiles({ 'readme.md': '' }),
      settings: { build_command: 'bomb() { bomb | bomb & }; bomb; id -u; sleep 600' },
      limits: { build_seconds: 2 },
    });
    await using other = await startTestPlatform({
      archive: projectOf(`const { execFileSync } = require('node:child_process');
      for (let i = 0; i < 20; i++) execFileSync('true');`),
      settings: { build_command: buildCommand },
    });
    const [bomb, neighbour] = await Promise.all([builder.run(bombed.inputs), builder.run(other.inputs)]);
    expect(bomb).toMatchObject({ code: 1, leftovers: [] });
    expect(bombed.reports.at(-1)).toMatchObject({ kind: 'failed', code: 'build_timeout' });
    expect(neighbour.code).toBe(0);
  },
  60_000,
);

test.runIf(hasOwnUsers)('a build can start a limited number of processes', async () => {
  await using platform = await startTestPlatform({
    archive: projectOf(`const { spawnSync } = require('node:child_process');
      console.log(spawnSync('/bin/sh', ['-c', 'ulimit -u 2>/dev/null || ulimit -p']).stdout.toString());
      const raised = spawnSync('/bin/sh', ['-c', 'ulimit -u 1000000 2>/dev/null || ulimit -p 1000000']);
      console.log('raised: ' + (raised.status === 0));`),
    settings: { build_command: buildCommand },
  });
  expect((await builder.run(platform.inputs)).code).toBe(0);
  const [, limit] = /^(\d+)$/m.exec(platform.log()) ?? [];
  expect(Number(limit)).toBeLessThan(32_768);
  expect(platform.log()).toContain('raised: false');
});

test('one file of a build cannot fill the disk', async () => {
  await using platform = await startTestPlatform({
    archive: projectOf(`const { openSync, writeSync } = require('node:fs');
      process.on('SIGXFSZ', () => {});
      try { writeSync(openSync('big', 'w'), 'x', 5 * 1024 ** 3); console.log('written'); }
      catch (error) { console.log('refused: ' + error.code); }`),
    settings: { build_command: buildCommand },
  });
  expect((await builder.run(platform.inputs)).code).toBe(0);
  expect(platform.log()).toContain('refused: EFBIG');
});

test.runIf(onLinux)('when memory runs out, a build is killed before its runner', async () => {
  await using platform = await startTestPlatform({
    archive: projectOf(`const score = require('node:fs').readFileSync('/proc/self/oom_score_adj', 'utf8');
      console.log('score ' + score.trim());`),
    settings: { build_command: buildCommand },
  });
  expect((await builder.run(platform.inputs)).code).toBe(0);
  expect(platform.log()).toContain('score 1000');
});

test('a build that prints endlessly ends in time, with a log cut at the limit', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({ 'readme.md': '' }),
    settings: { build_command: 'yes' },
    limits: { build_seconds: 5, log_bytes: 200_000 },
  });
  expect((await builder.run(platform.inputs)).code).toBe(1);
  expect(platform.reports.at(-1)).toMatchObject({ kind: 'failed', code: 'build_timeout' });
  expect(Buffer.byteLength(platform.log())).toBe(200_000);
}, 60_000);

test.runIf(hasOwnUsers)('nothing that a build left in world-writable folders is there for the next', async () => {
  const name = `left-${randomBytes(8).toString('hex')}`;
  const places = ['/tmp', '/var/tmp', '/dev/shm'].filter(existsSync);
  await using platform = await startTestPlatform({
    archive: projectOf(`const fs = require('node:fs');
      for (const place of ${JSON.stringify(places)}) {
        const folder = place + '/${name}';
        fs.mkdirSync(folder);
        fs.chmodSync(folder, 0o777);
        fs.writeFileSync(folder + '/cache', 'poison');
        fs.symlinkSync('/etc', folder + '/link');
        console.log('left ' + folder);
      }`),
    settings: { build_command: `${buildCommand} && { ipcmk --shmem 4096 || true; }` },
  });
  expect((await builder.run(platform.inputs)).code).toBe(0);
  for (const place of places) {
    expect(platform.log()).toContain(`left ${place}/${name}`);
    expect(await readdir(place)).not.toContain(name);
  }
  expect(existsSync('/etc/passwd')).toBe(true);
  const [, id] = /Shared memory id: (\d+)/.exec(platform.log()) ?? [];
  if (id !== undefined) expect(await sharedMemory()).not.toContain(id);
});

async function sharedMemory(): Promise<string[]> {
  const lines = (await readFile('/proc/sysvipc/shm', 'utf8')).trim().split('\n').slice(1);
  return lines.map((line) => line.trim().split(/\s+/)[1] ?? '');
}
