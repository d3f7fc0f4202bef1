import type { BuildJob } from '@miaobu/shared/contracts/build-job';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { archiveOfFiles } from '../testing/archive-of.ts';
import { type BundledBuilder, bundledBuilder } from '../testing/run-builder.ts';
import { startTestPlatform } from '../testing/test-platform.ts';

let builder: BundledBuilder;
beforeAll(async () => {
  builder = await bundledBuilder();
}, 60_000);
afterAll(() => builder.remove());

interface Failure {
  readonly title: string;
  readonly settings?: Partial<BuildJob['settings']>;
  readonly limits?: Partial<BuildJob['limits']>;
  readonly files?: Record<string, string>;
  readonly code: string;
  /** Parts of the message, in this order. */
  readonly says: readonly string[];
  readonly log?: string;
}

const node = (script: string) => `node -e ${JSON.stringify(script)}`;

const failures: readonly Failure[] = [
  {
    title: 'a failing install, with its exit code and its last lines',
    settings: { install_command: 'echo resolving; echo no such package >&2; exit 7', build_command: 'echo built' },
    code: 'install_failed',
    says: ['exited with code 7', 'no such package'],
    log: 'resolving\n',
  },
  {
    title: 'a failing build, with its exit code and its last lines',
    settings: { build_command: 'seq 1 100; echo Error: no entry module; (exit 3) | cat; exit 3' },
    code: 'build_failed',
    says: ['exited with code 3', '100', 'Error: no entry module'],
    log: '\n1\n2\n3\n',
  },
  {
    title: 'a command that does not exist',
    settings: { build_command: 'no-such-program-anywhere' },
    code: 'build_failed',
    says: ['was not found (exit code 127)'],
  },
  {
    title: 'a build that takes too long',
    settings: { build_command: 'echo started; sleep 600' },
    limits: { build_seconds: 5 },
    code: 'build_timeout',
    says: ['`echo started; sleep 600` was stopped: the limit is 5 s in all'],
    log: 'started\n',
  },
  {
    title: 'a build without the output directory, with the folders that are there instead',
    settings: { build_command: 'mkdir -p website node_modules', output_directory: 'dist' },
    files: { 'src/index.js': '' },
    code: 'output_missing',
    says: ['there is no "dist"', 'The folders there are: src, website.'],
  },
  {
    title: 'a framework that is set up for another platform, with what to do about it',
    settings: { install_command: '', build_command: 'mkdir .svelte-kit' },
    files: { 'package.json': '{"devDependencies":{"@sveltejs/kit":"2"}}' },
    code: 'output_missing',
    says: ['there is no "build"', '@sveltejs/adapter-static'],
  },
  {
    title: 'a build that leaves its output directory empty',
    settings: { build_command: 'mkdir -p dist/assets' },
    code: 'output_empty',
    says: ['the output directory is empty'],
  },
  {
    title: 'an output of nothing but environment files',
    settings: { build_command: 'mkdir dist; echo A=1 > dist/.env.production' },
    code: 'output_empty',
    says: ['nothing but .env.production'],
  },
  {
    title: 'a file over the limit, before anything is uploaded',
    settings: {
      build_command: `mkdir dist; ${node("fs.writeFileSync('dist/film.mp4', ''); fs.truncateSync('dist/film.mp4', 104857601)")}`,
    },
    code: 'output_invalid',
    says: ['"film.mp4" has 104857601 bytes; the limit is 100 MB'],
  },
  {
    title: 'more files than a site may have',
    settings: {
      build_command: `mkdir dist; ${node("for (let i = 0; i <= 20000; i++) fs.writeFileSync('dist/' + i, '')")}`,
    },
    code: 'output_invalid',
    says: ['more than 20000 files'],
  },
  {
    title: 'a root directory that the repository does not have, with the folders it has',
    settings: { root_directory: 'apps/web' },
    files: { 'frontend/index.html': '' },
    code: 'root_directory_missing',
    says: ['"apps/web"', 'The folders there are: frontend.'],
  },
  {
    title: 'a package.json that is not JSON',
    files: { 'package.json': '{ "scripts": ' },
    code: 'source_invalid',
    says: ['package.json cannot be read'],
  },
  {
    title: 'a package manager that is needed and cannot be had',
    files: { 'package.json': '{"packageManager":"bun@0.0.999","scripts":{"build":"true"},"dependencies":{"a":"1"}}' },
    code: 'install_failed',
    says: ['Bun in version 0.0.999 cannot be had from npm', 'package.json or lockfile asks for it'],
  },
];

for (const { title, settings, limits, files = {}, code, says, log } of failures) {
  test(`the deployment fails for ${title}`, async () => {
    await using platform = await startTestPlatform({
      archive: archiveOfFiles({ 'readme.md': 'a project', ...files }),
      ...(settings ? { settings } : {}),
      ...(limits ? { limits } : {}),
    });
    // The machine's own bun would be used.
    const environment = { PATH: '/usr/local/bin:/usr/bin:/bin' };
    const run = await builder.run(platform.inputs, { environment });

    expect(run).toMatchObject({ code: 1, stderr: 'miaobu-builder: failed\n', leftovers: [] });
    const report = platform.reports.at(-1);
    expect(report).toMatchObject({ kind: 'failed', code });
    const message = report?.kind === 'failed' ? report.message : '';
    let from = 0;
    for (const part of says) {
      expect(message.slice(from)).toContain(part);
      from = message.indexOf(part, from) + part.length;
    }
    expect(platform.log()).toContain(`Error: ${message.split('\n')[0]}`);
    if (log !== undefined) expect(platform.log()).toContain(log);
    // Nothing was published, and permission to publish was not requested.
    expect(platform.requests.filter((it) => it.path.endsWith('/publication'))).toEqual([]);
  }, 60_000);
}

test('a log that is not accepted for a while delays nothing but its own delivery, and arrives complete', async () => {
  let refused = 0;
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({ 'readme.md': '' }),
    settings: { build_command: 'mkdir dist; echo hello > dist/index.html; seq 1 30000' },
    intercept: ({ path }) => {
      if (!path.includes('/logs/') || refused === 3) return undefined;
      refused += 1;
      return { status: 502 };
    },
  });
  expect((await builder.run(platform.inputs)).code).toBe(0);
  expect(refused).toBe(3);
  const numbers = platform.log().match(/^\d+$/gm);
  expect(numbers).toEqual(Array.from({ length: 30_000 }, (_, i) => String(i + 1)));
  // More than one chunk, none missing, none over its size.
  expect(platform.chunks.length).toBeGreaterThan(2);
  for (const chunk of platform.chunks) expect(Buffer.byteLength(chunk)).toBeLessThanOrEqual(64 * 1024);
}, 60_000);

test('a log over its limit is cut with a note, and the build continues', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({ 'readme.md': '' }),
    settings: { build_command: 'mkdir dist; echo hello > dist/index.html; seq 1 100000' },
    limits: { log_bytes: 100_000 },
  });
  expect((await builder.run(platform.inputs)).code).toBe(0);
  expect(Buffer.byteLength(platform.log())).toBe(100_000);
  expect(platform.log()).toMatch(/\[The log ends here: it is over the limit of 100000 bytes\.\]\n$/);
}, 60_000);

test('a log that is refused permanently does not fail the build', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({ 'index.html': 'hello' }),
    intercept: ({ path }) => (path.includes('/logs/') ? { status: 413 } : undefined),
  });
  const run = await builder.run(platform.inputs);
  expect(run.code).toBe(0);
  expect(run.stderr).toContain('the log cannot be delivered');
  expect(platform.reports.at(-1)?.kind).toBe('uploaded');
});
