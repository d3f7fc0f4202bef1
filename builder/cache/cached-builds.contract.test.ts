import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { archiveOfFiles } from '../testing/archive-of.ts';
import { type BundledBuilder, bundledBuilder } from '../testing/run-builder.ts';
import { startTestPlatform } from '../testing/test-platform.ts';
import { startTinyRegistry } from '../testing/tiny-registry.ts';

let builder: BundledBuilder;
beforeAll(async () => {
  builder = await bundledBuilder();
});
afterAll(() => builder.remove());

let folder: string;
let cache: string;
let registry: Awaited<ReturnType<typeof startTinyRegistry>>;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cached-builds-'));
  await chmod(folder, 0o711);
  cache = path.join(folder, 'cache');
  registry = await startTinyRegistry({
    greeting: { 'index.js': `module.exports = 'good day'; // ${randomBytes(50_000).toString('base64')}` },
  });
});
afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const BUILD = `node -e "require('fs').mkdirSync('dist'); require('fs').writeFileSync('dist/index.html', require('greeting'))"`;

interface Build {
  readonly scope?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
}

async function build({ scope = 'env_a', scripts = {}, environment = {} }: Build = {}) {
  await using platform = await startTestPlatform({
    archive: archiveOfFiles(registry.projectFiles({ build: BUILD, ...scripts })),
    cacheScope: scope,
  });
  const { code, leftovers } = await builder.run(platform.inputs, {
    environment: { npm_config_registry: registry.url, MIAOBU_CACHE: cache, ...environment },
  });
  const page = code === 0 ? platform.objects.get(platform.manifest().files[0]?.sha256 ?? '')?.toString() : undefined;
  return { code, leftovers, page, log: platform.log() };
}

const succeeded = { code: 0, leftovers: [], page: 'good day' };
const entryOf = (scope: string) => {
  const [name = ''] = readdirSync(path.join(cache, scope));
  return path.join(cache, scope, name);
};

test('a second build of the same lockfile requests nothing from the registry, and needs none', async () => {
  const first = await build();
  expect(first).toMatchObject(succeeded);
  expect(first.log).toMatch(
    /There is no npm cache of this environment yet\n> npm ci\n.*Saved the npm cache \(0\.1 MB\)\n> npm run/s,
  );
  expect(registry.asked).toContain('/greeting/-/greeting-1.0.0.tgz');

  registry.asked.length = 0;
  registry.goOut();
  const second = await build();
  expect(second).toMatchObject(succeeded);
  expect(registry.asked).toEqual([]);
  expect(second.log).toMatch(/Restored the npm cache \(0\.1 MB\) in \d+\.\d s\n> npm ci\n/);
  expect(second.log).not.toContain('Saved');

  // Without the cache it could not have been built.
  expect((await build({ scope: 'env_b' })).code).toBe(1);
}, 60_000);

test('what a hostile build leaves among its packages reaches no build of another environment', async () => {
  const plant = { preinstall: 'mkdir -p "$npm_config_cache" && echo evil > "$npm_config_cache/planted"' };
  const look = { prebuild: 'ls -a "$npm_config_cache"' };
  expect(await build({ scripts: { ...plant, ...look } })).toMatchObject(succeeded);
  const again = await build({ scripts: look });
  expect(again.log).toContain('\nplanted\n');
  const other = await build({ scope: 'env_b', scripts: look });
  expect(other).toMatchObject(succeeded);
  expect(other.log).not.toContain('planted\n');
}, 60_000);

test('a damaged cache is thrown away, and the build succeeds', async () => {
  await build();
  truncateSync(entryOf('env_a'), 10_000);
  const next = await build();
  expect(next).toMatchObject(succeeded);
  expect(next.log).toMatch(/Note: the npm cache is damaged; it is thrown away\n.*Saved the npm cache/s);
}, 60_000);

test('a cache folder that cannot be written is a line in the log, and the build succeeds', async () => {
  writeFileSync(cache, 'in the way');
  const only = await build();
  expect(only).toMatchObject(succeeded);
  expect(only.log).toContain('Note: the npm cache could not be saved: ');
}, 60_000);

test('an install that fails with cached packages is retried without them, and they are replaced', async () => {
  const preinstall =
    'test ! -e "$npm_config_cache/poison" && mkdir -p "$npm_config_cache" && touch "$npm_config_cache/poison"';
  await build({ scripts: { preinstall } });
  const before = entryOf('env_a');
  const next = await build({ scripts: { preinstall } });
  expect(next).toMatchObject(succeeded);
  expect(next.log).toMatch(/Restored .*> npm ci\n.*trying again without them\.\n> npm ci\n.*Installed.*Saved/s);
  expect(existsSync(before)).toBe(false);
}, 60_000);

test('an install that fails for another reason fails, and the cache stays', async () => {
  await build();
  const before = entryOf('env_a');
  const failed = await build({ scripts: { preinstall: 'exit 4' } });
  expect(failed.code).toBe(1);
  expect(failed.log).not.toContain('Saved');
  expect(entryOf('env_a')).toBe(before);
}, 60_000);

test('on GitHub Actions the workflow is told what to keep, once, and the runner may read it', async () => {
  const output = path.join(folder, 'output');
  writeFileSync(output, 'earlier=1\n');
  await build({ environment: { GITHUB_OUTPUT: output } });
  const name = path.basename(entryOf('env_a'));
  expect(readFileSync(output, 'utf8')).toBe(`earlier=1\ncache-key=${name}\n`);
  await build({ environment: { GITHUB_OUTPUT: output } });
  expect(readFileSync(output, 'utf8')).toBe(`earlier=1\ncache-key=${name}\n`);
}, 60_000);
