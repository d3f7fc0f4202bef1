import { afterAll, beforeAll, expect, test } from 'vitest';
import { archiveOfFiles } from '../testing/archive-of.ts';
import { filesOfFixture } from '../testing/files-of-fixture.ts';
import { type BundledBuilder, bundledBuilder } from '../testing/run-builder.ts';
import { startTestPlatform } from '../testing/test-platform.ts';

let builder: BundledBuilder;
beforeAll(async () => {
  builder = await bundledBuilder();
});
afterAll(() => builder.remove());

const json = (value: unknown) => JSON.stringify(value);

/** A project with one dependency, which lies in the repository itself: npm works, and needs no network. */
const withGreeting = {
  'package.json': json({
    name: 'site',
    version: '1.0.0',
    scripts: { build: 'node build.cjs' },
    dependencies: { greeting: 'file:greeting' },
  }),
  'greeting/package.json': json({ name: 'greeting', version: '1.0.0' }),
  'greeting/index.js': 'module.exports = "good day";',
  'build.cjs': `const { mkdirSync, writeFileSync } = require('node:fs');
    mkdirSync('dist');
    writeFileSync('dist/index.html', require('greeting'));
    writeFileSync('dist/version.html', process.version + ' ' + process.env.NODE_ENV);`,
};
const lockfile = (packages: Record<string, unknown>) =>
  json({ name: 'site', version: '1.0.0', lockfileVersion: 3, requires: true, packages });
const FITTING_LOCKFILE = lockfile({
  '': { name: 'site', version: '1.0.0', dependencies: { greeting: 'file:greeting' } },
  greeting: { version: '1.0.0' },
  'node_modules/greeting': { resolved: 'greeting', link: true },
});
const OUTDATED_LOCKFILE = lockfile({ '': { name: 'site', version: '1.0.0' } });

test('a Vite site is installed from the registry, built, and published as a single-page app', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles(filesOfFixture('vite-site')),
    environment: { VITE_PLACE: 'Hangzhou', NODE_ENV: 'production' },
    limits: { build_seconds: 120 },
  });
  const run = await builder.run(platform.inputs);

  expect(run, platform.log()).toMatchObject({ code: 0, leftovers: [] });
  const { spa, files } = platform.manifest();
  expect(spa).toBe(true);
  expect(files.map((it) => it.path.replace(/-[\w-]{8}\./, '-*.'))).toEqual([
    'assets/index-*.css',
    'assets/index-*.js',
    'index.html',
  ]);
  const script = files.find((it) => it.path.endsWith('.js'));
  expect(script?.type).toBe('text/javascript; charset=utf-8');
  // The variable's value is a secret in the log only: the build puts it where it wants to.
  expect(platform.objects.get(script?.sha256 ?? '')?.toString()).toContain('Hello from Hangzhou');
  const log = platform.log();
  expect(log).toContain('Detected: Vite\n');
  expect(log).toMatch(/> npm install\n.*Installed \d+ packages in \d+\.\d s\n> npm run build\n.*Build completed in/s);
  expect(platform.reports.at(-1)).toMatchObject({ kind: 'uploaded', build_seconds: expect.any(Number) });
}, 180_000);

test('a lockfile that fits is installed as it is', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({ ...withGreeting, 'package-lock.json': FITTING_LOCKFILE }),
    environment: { NODE_ENV: 'production' },
  });
  expect((await builder.run(platform.inputs)).code, platform.log()).toBe(0);
  expect(platform.log()).toMatch(/> npm ci\n.*Installed \d+ packages? in/s);
  expect(platform.log()).not.toContain('> npm install');
  const contents = platform.manifest().files.map(({ sha256 }) => platform.objects.get(sha256)?.toString());
  // The build ran with the runner's own Node, whatever else is on the PATH.
  expect(contents).toEqual(['good day', `${process.version} production`]);
}, 60_000);

test('a lockfile that does not match is ignored in favour of a plain install', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({ ...withGreeting, 'package-lock.json': OUTDATED_LOCKFILE }),
  });
  expect((await builder.run(platform.inputs)).code, platform.log()).toBe(0);
  expect(platform.log()).toMatch(/> npm ci\n.*The lockfile does not fit.*> npm install\n.*Installed/s);
  expect(platform.manifest().files).toHaveLength(2);
}, 60_000);

test('an install that npm gives up fails the deployment with the message of npm', async () => {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({
      'package.json': json({ scripts: { preinstall: 'echo not today >&2; exit 4', build: 'true' } }),
    }),
  });
  expect((await builder.run(platform.inputs)).code).toBe(1);
  expect(platform.reports.at(-1)).toMatchObject({
    kind: 'failed',
    code: 'install_failed',
    message: expect.stringMatching(/^`npm install` exited with code 4\.\n.*not today/s),
  });
  expect(platform.log()).not.toContain('> npm run build');
}, 60_000);

test('a pnpm project is installed and built by pnpm, also where there is none yet', async () => {
  const { 'package.json': own, ...files } = withGreeting;
  await using platform = await startTestPlatform({
    archive: archiveOfFiles({
      ...files,
      'package.json': own,
      'pnpm-lock.yaml': [
        "lockfileVersion: '9.0'",
        'importers:',
        '  .:',
        '    dependencies:',
        '      greeting:',
        '        specifier: file:greeting',
        '        version: file:greeting',
        'packages:',
        '  greeting@file:greeting:',
        '    resolution: {directory: greeting, type: directory}',
        'snapshots:',
        '  greeting@file:greeting: {}',
        '',
      ].join('\n'),
    }),
    limits: { build_seconds: 120 },
  });
  expect((await builder.run(platform.inputs)).code, platform.log()).toBe(0);
  expect(platform.log()).toMatch(/> pnpm install --frozen-lockfile\n.*Installed.*> pnpm run build\n.*Build completed/s);
  expect(platform.manifest().files).toHaveLength(2);
}, 180_000);
