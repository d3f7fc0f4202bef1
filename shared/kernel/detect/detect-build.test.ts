import { expect, test } from 'vitest';
import { detectBuild, NOTHING_DECIDED } from './detect-build.ts';
import { frameworks } from './frameworks.ts';

/** A file that is too long to be read. */
const LONG = { tooLong: true };

/** What is detected in a repository of these files; and which of them were read. */
async function detect(files: Record<string, string | object>, folder = '', settings = NOTHING_DECIDED) {
  const read: string[] = [];
  const detected = await detectBuild(
    {
      has: (path) => path in files,
      async readText(path) {
        read.push(path);
        const content = files[path];
        if (content === undefined || content === LONG) return undefined;
        return typeof content === 'string' ? content : JSON.stringify(content);
      },
    },
    folder,
    settings,
  );
  const texts = Object.fromEntries(detected.reasons.map(({ about, text }) => [about, text]));
  return { ...detected, texts, read };
}

const building = (...dependencies: string[]) => ({
  scripts: { build: 'make the site' },
  devDependencies: Object.fromEntries(dependencies.map((name) => [name, '*'])),
});

test.each(frameworks.map((framework) => [framework.name, framework] as const))(
  '%s is known by its packages, and the reason names them',
  async (_, framework) => {
    const {
      framework: found,
      confidence,
      texts,
      outputs,
    } = await detect({ 'package.json': building(...framework.packages) });
    expect(found).toBe(framework);
    expect(confidence).toBe('high');
    expect(outputs).toEqual(framework.outputs);
    for (const name of framework.packages) expect(texts.framework).toContain(`"${name}"`);
    expect(texts.output).toBe(framework.hint);
  },
);

test('pages without a package.json are published as they are, for certain', async () => {
  expect(await detect({ 'index.html': '' })).toMatchObject({
    framework: undefined,
    manager: undefined,
    install: { kind: 'none' },
    build: undefined,
    outputs: ['.'],
    confidence: 'high',
    texts: { framework: 'There is no package.json: the files are published as they are.' },
    read: [],
  });
});

test.each([
  ['a build without a known framework', { 'package.json': building('esbuild') }, 'medium'],
  ['pages beside dependencies', { 'package.json': { dependencies: { express: '5' } }, 'index.html': '' }, 'medium'],
  ['a framework that is never built', { 'package.json': { dependencies: { vite: '7' } } }, 'low'],
  ['a server', { 'package.json': { dependencies: { express: '5' } } }, 'low'],
  ['no page at all', { 'README.md': '' }, 'low'],
])('%s is a guess, and says how good a one', async (_, files, confidence) => {
  expect((await detect(files)).confidence).toBe(confidence);
});

test('a lockfile above the project chooses the manager, and the reason names its path', async () => {
  const files = { 'packages/pnpm-lock.yaml': '', 'package.json': {}, 'packages/web/package.json': building('vite') };
  expect(await detect(files, 'packages/web')).toMatchObject({
    manager: { manager: { command: 'pnpm' }, hasLockfile: true },
    build: 'pnpm run build',
    texts: { package_manager: 'There is a packages/pnpm-lock.yaml.' },
  });
});

test('"packageManager" of the workspace counts for its members', async () => {
  const files = {
    'package.json': { packageManager: 'yarn@4.1.0' },
    'yarn.lock': '',
    'web/package.json': building('vite'),
  };
  const { manager, texts } = await detect(files, 'web');
  expect(manager).toMatchObject({ manager: { title: 'Yarn 2 or newer' }, version: '4.1.0', hasLockfile: true });
  expect(texts.package_manager).toBe('"packageManager" in package.json asks for Yarn 2 or newer.');
});

test('a yarn.lock that is too long to be read is told by the settings beside it', async () => {
  const files = { 'package.json': building('vite'), 'yarn.lock': LONG };
  expect((await detect(files)).manager?.manager.title).toBe('Yarn 1');
  expect((await detect({ ...files, '.yarnrc.yml': '' })).manager?.manager.title).toBe('Yarn 2 or newer');
});

test.each([
  [{ '.nvmrc': 'v20.11.1\n' }, 'v20.11.1', '.nvmrc asks for it.'],
  [{ '.node-version': '22' }, '22', '.node-version asks for it.'],
  [{ '.nvmrc': '\n', '.node-version': '20' }, '20', '.node-version asks for it.'],
  [{ 'package.json': { engines: { node: '>=18' } } }, '>=18', '"engines" in package.json asks for it.'],
  [{ '.nvmrc': 'x'.repeat(21) }, undefined, undefined],
  [{ 'package.json': { engines: 'all of them' } }, undefined, undefined],
])('the version of Node.js in %j is %s', async (files, version, reason) => {
  expect(await detect(files)).toMatchObject({ nodeVersion: version, texts: reason ? { node_version: reason } : {} });
});

test.each([
  ['{ "name": ', /^package\.json cannot be read: ./],
  ['[]', /it is not a JSON object/],
  ['"text"', /it is not a JSON object/],
  [LONG, /too long/],
])('a broken package.json is said, and nothing is made of it: %s', async (content, problem) => {
  const detected = await detect({ 'package.json': content, 'index.html': '' });
  expect(detected.problem).toMatch(problem);
  expect(detected).toMatchObject({ confidence: 'low', texts: { framework: detected.problem } });
});

test('fields of an unexpected kind are as good as missing', async () => {
  const odd = {
    scripts: { build: 1 },
    dependencies: ['vite'],
    devDependencies: null,
    packageManager: 7,
    engines: { node: 20 },
  };
  expect(await detect({ 'package.json': odd, 'index.html': '' })).toMatchObject({
    framework: undefined,
    build: undefined,
  });
});

test('settings are stronger, and the reason says that they are the reason', async () => {
  const settings = { install_command: 'make deps', build_command: 'make site', output_directory: 'www' };
  expect(await detect({ 'package.json': building('vite') }, '', settings)).toMatchObject({
    install: { kind: 'command', command: 'make deps' },
    build: 'make site',
    outputs: ['www'],
    texts: { build: 'The settings say so.' },
  });
});
