import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BuildSettings } from '@miaobu/shared/contracts/build-job';
import { expect, test } from 'vitest';
import { detectProject } from './detect-project.ts';

const DETECT: BuildSettings = {
  root_directory: '',
  install_command: null,
  build_command: null,
  output_directory: null,
  node_version: null,
  spa: null,
};

/** What is decided for a project of these files, said briefly. */
async function decide(files: Record<string, unknown>, settings: Partial<BuildSettings> = {}) {
  const source = await realpath(await mkdtemp(path.join(tmpdir(), 'detect-')));
  try {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(source, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
    }
    const merged = { ...DETECT, ...settings };
    const folder = path.join(source, merged.root_directory);
    const { install, manager, build, outputs, maySpa } = await detectProject({ folder, source, settings: merged });
    const managed = manager?.hasLockfile ? manager.manager.installLocked : manager?.manager.install;
    const command = install.kind === 'command' ? install.command : install.kind === 'managed' ? managed : undefined;
    return { install: command, build, output: outputs.join(' '), maySpa, version: manager?.version };
  } finally {
    await rm(source, { recursive: true });
  }
}

const building = (...dependencies: string[]) => ({
  scripts: { build: 'make the site' },
  devDependencies: Object.fromEntries(dependencies.map((name) => [name, '*'])),
});
const COMMON = 'dist build out public _site';

test('files without a package.json are published as they are', async () => {
  expect(await decide({ 'index.html': '' })).toMatchObject({ install: undefined, build: undefined, output: '.' });
});

test('a package.json that neither builds nor depends on anything changes nothing', async () => {
  const files = { 'package.json': { scripts: { format: 'prettier' } } };
  expect(await decide(files)).toMatchObject({ install: undefined, build: undefined, output: '.' });
});

test('a package.json that cannot be built but has dependencies is no site, unless it is laid out as one', async () => {
  const server = { 'package.json': { dependencies: { express: '5' } }, 'server.js': '' };
  expect(await decide(server)).toMatchObject({ install: 'npm install', build: undefined, output: COMMON });
  expect(await decide({ ...server, 'index.html': '' })).toMatchObject({ output: `${COMMON} .` });
});

test('a build script without dependencies needs no install', async () => {
  expect(await decide({ 'package.json': building() })).toMatchObject({ install: undefined, build: 'npm run build' });
});

test.each([
  ['package-lock.json', '{}', 'npm ci', 'npm run build'],
  ['pnpm-lock.yaml', '', 'pnpm install --frozen-lockfile', 'pnpm run build'],
  ['yarn.lock', '# yarn lockfile v1', 'yarn install --non-interactive --frozen-lockfile', 'yarn run build'],
  ['yarn.lock', '# generated\n\n__metadata:\n  version: 8', 'yarn install --immutable', 'yarn run build'],
  ['bun.lock', '{}', 'bun install --frozen-lockfile', 'bun run build'],
])('%s (%j) chooses the package manager', async (lockfile, content, install, build) => {
  expect(await decide({ 'package.json': building('vite'), [lockfile]: content })).toMatchObject({ install, build });
});

test('the packageManager field is stronger than a lockfile of another manager', async () => {
  const files = { 'package.json': { ...building('vite'), packageManager: 'pnpm@9.1.0+sha512.abc' }, 'yarn.lock': '' };
  expect(await decide(files)).toMatchObject({ install: 'pnpm install --no-frozen-lockfile', version: '9.1.0' });
});

test('a project in a monorepo uses the lockfile above it', async () => {
  const files = { 'pnpm-lock.yaml': '', 'package.json': {}, 'apps/web/package.json': building('vite') };
  expect(await decide(files, { root_directory: 'apps/web' })).toMatchObject({
    install: 'pnpm install --frozen-lockfile',
  });
});

test.each([
  [['vite'], 'dist', true],
  [['react-scripts'], 'build', true],
  [['@vue/cli-service'], 'dist', true],
  [['astro', 'vite'], 'dist', false],
  [['next'], 'out', false],
  [['gatsby'], 'public', false],
  [['@docusaurus/core'], 'build', false],
  [['vitepress', 'vite'], '.vitepress/dist docs/.vitepress/dist', false],
  [['@sveltejs/kit', '@sveltejs/adapter-static', 'vite'], 'build', false],
  [['esbuild'], COMMON, true],
])('a build with %j puts the site into %s', async (dependencies, output, maySpa) => {
  expect(await decide({ 'package.json': building(...dependencies) })).toMatchObject({ output, maySpa });
});

test('settings are stronger than anything detected, and an empty command runs nothing', async () => {
  const files = { 'package.json': building('vite'), 'package-lock.json': '{}' };
  const settings = { install_command: '', build_command: 'make site', output_directory: 'www' };
  expect(await decide(files, settings)).toMatchObject({
    install: undefined,
    build: 'make site',
    output: 'www',
    version: undefined,
  });
});
