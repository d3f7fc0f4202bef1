import { execFileSync } from 'node:child_process';
import { linkSync, readFileSync, truncateSync, utimesSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileTree, type Tree } from '../testing/file-tree.ts';
import { startPackage } from '../testing/start-package.ts';
import { packApp } from './pack-app.ts';
import { packNodeApp } from './pack-node-app.ts';

const SIGNAL = new AbortController().signal;
const json = (value: unknown) => JSON.stringify(value);
const code = (name: string, version: string, body = '') => ({
  [`${name}/index.js`]: `${body}\nexports.version = '${version}';`,
});
/** A package in a folder, by its package.json. */
function pkg(folder: string, fields: Record<string, unknown> & { version?: string }, body?: string): Tree {
  const { version = '1.0.0' } = fields;
  return {
    [`${folder}/package.json`]: json({ name: folder.replace(/^.*node_modules\//, ''), version, ...fields }),
    ...code(folder, version, body),
  };
}
const needs = (...names: string[]) => Object.fromEntries(names.map((name) => [name, '*']));
const SERVER = `require('node:http').createServer((_, response) => response.end(answer())).listen(process.env.PORT, process.env.HOST);`;

async function pack(tree: Tree, { start = 'node server.js', root = '.' } = {}) {
  using source = fileTree(tree);
  const said: string[] = [];
  const packed = await packNodeApp({
    folder: path.join(source.folder, root),
    source: source.folder,
    server: { runtime: 'node', version: '22', start },
    user: undefined,
    say: (line) => said.push(line),
    signal: SIGNAL,
  });
  return { ...packed, paths: packed.files.map((file) => file.path), said };
}

/** What the server of a project answers when its package is started with the project gone. */
async function answerOf(tree: Tree, { start = 'node server.js', root = '.' } = {}) {
  using place = fileTree();
  const target = path.join(place.folder, 'package.zip');
  const artifact = await (async () => {
    using source = fileTree(tree);
    const folder = path.join(source.folder, root);
    const server = { runtime: 'node', version: '22', start } as const;
    return await packApp({
      folder,
      source: source.folder,
      server,
      user: undefined,
      say: () => {},
      signal: SIGNAL,
      target,
    });
  })();
  if (artifact.manifest.kind === 'static') throw new Error('this is a site');
  await using started = await startPackage(readFileSync(target), artifact.manifest);
  return (await fetch(started.url)).text();
}

describe('dependencies', () => {
  test('what is needed to run is packed with its dependencies, what is only for development is not', async () => {
    const { paths, said } = await pack({
      'package.json': json({
        dependencies: needs('web'),
        devDependencies: needs('checker'),
        peerDependencies: needs('peer'),
      }),
      'server.js': '',
      ...pkg('node_modules/web', { dependencies: needs('parser'), optionalDependencies: needs('absent') }),
      ...pkg('node_modules/parser', {}),
      ...pkg('node_modules/peer', {}),
      ...pkg('node_modules/checker', { dependencies: needs('helper') }),
      ...pkg('node_modules/helper', {}),
      'node_modules/.package-lock.json': '{}',
      'node_modules/web/.cache/x': 'x',
    });
    expect(paths).toEqual([
      'node_modules/parser/index.js',
      'node_modules/parser/package.json',
      'node_modules/peer/index.js',
      'node_modules/peer/package.json',
      'node_modules/web/index.js',
      'node_modules/web/package.json',
      'package.json',
      'server.js',
    ]);
    expect(said).toEqual(['Packing the project, with 3 packages that it needs to run; 1 for its development left out']);
  });

  test('of two versions, each dependent gets its own, installed side by side as npm does', async () => {
    const tree = {
      'package.json': json({ dependencies: needs('a', 'b') }),
      'server.js': `const answer = () => [require('a').all, require('b').all].join(' ');\n${SERVER}`,
      ...pkg('node_modules/a', { dependencies: needs('c') }, "exports.all = 'a:' + require('c').version;"),
      ...pkg('node_modules/b', { dependencies: needs('c') }, "exports.all = 'b:' + require('c').version;"),
      ...pkg('node_modules/c', { version: '1.0.0' }),
      ...pkg('node_modules/b/node_modules/c', { version: '2.0.0' }),
    };
    expect(await answerOf(tree)).toBe('a:1.0.0 b:2.0.0');
  });

  test('and installed with links, as pnpm does; a version that all need is packed once', async () => {
    const store = (name: string, version: string) => `node_modules/.pnpm/${name}@${version}/node_modules`;
    const tree = {
      'package.json': json({ dependencies: needs('a', 'b') }),
      'server.js': `const answer = () => [require('a').all, require('b').all, require('a').one === require('b').one].join(' ');\n${SERVER}`,
      'node_modules/a': { link: '.pnpm/a@1/node_modules/a' },
      'node_modules/b': { link: '.pnpm/b@1/node_modules/b' },
      ...pkg(
        `${store('a', '1')}/a`,
        { dependencies: needs('c', 'one') },
        "exports.one = require('one'); exports.all = 'a:' + require('c').version;",
      ),
      ...pkg(
        `${store('b', '1')}/b`,
        { dependencies: needs('c', 'one') },
        "exports.one = require('one'); exports.all = 'b:' + require('c').version;",
      ),
      [`${store('a', '1')}/c`]: { link: '../../c@1/node_modules/c' },
      [`${store('b', '1')}/c`]: { link: '../../c@2/node_modules/c' },
      [`${store('a', '1')}/one`]: { link: '../../one@1/node_modules/one' },
      [`${store('b', '1')}/one`]: { link: '../../one@1/node_modules/one' },
      ...pkg(`${store('one', '1')}/one`, {}),
      ...pkg(`${store('c', '1')}/c`, { version: '1.0.0' }),
      ...pkg(`${store('c', '2')}/c`, { version: '2.0.0' }),
    };
    expect(await answerOf(tree)).toBe('a:1.0.0 b:2.0.0 true');
    expect((await pack(tree)).paths.filter((it) => it.includes('/one/'))).toHaveLength(2);
  });

  test('a package of the workspace becomes a folder, with its own dependencies from wherever they are; without its secrets', async () => {
    const tree = {
      'package.json': json({ workspaces: ['apps/*', 'packages/*'] }),
      'apps/api/package.json': json({ dependencies: needs('@app/lib') }),
      'apps/api/server.js': `const answer = () => require('@app/lib').all;\n${SERVER}`,
      ...pkg(
        'packages/lib',
        { name: '@app/lib', dependencies: needs('a', 'b'), devDependencies: needs('checker') },
        "exports.all = require('a').version + ' ' + require('b').version;",
      ),
      'packages/lib/.env': 'SECRET=1',
      ...pkg('packages/lib/node_modules/a', { version: '2.0.0' }),
      ...pkg('packages/lib/node_modules/checker', {}),
      ...pkg('node_modules/a', { version: '1.0.0' }),
      ...pkg('node_modules/b', { version: '1.0.0' }),
      'node_modules/@app/lib': { link: '../../packages/lib' },
    };
    expect(await answerOf(tree, { root: 'apps/api' })).toBe('2.0.0 1.0.0');
    const { paths } = await pack(tree, { root: 'apps/api' });
    expect(paths.filter((it) => /checker|\.env|packages/.test(it))).toEqual([]);
    // The same from the root of the repository, when the start command goes into the workspace.
    expect(await answerOf(tree, { start: 'node apps/api/server.js' })).toBe('2.0.0 1.0.0');
  });

  test('a tool of the start command is packed although it is for development, and found by its name', async () => {
    const tree = {
      'package.json': json({ devDependencies: needs('runner', 'loaded', 'checker') }),
      'server.js': `const answer = () => String(globalThis.loaded);\n${SERVER}`,
      ...pkg('node_modules/runner', { bin: { run: 'cli.js' }, dependencies: needs('inner') }),
      'node_modules/runner/cli.js': {
        program: "#!/usr/bin/env node\nrequire('inner');\nrequire(require('node:path').resolve(process.argv[2]));",
      },
      ...pkg('node_modules/inner', {}),
      ...pkg('node_modules/loaded', {}, 'globalThis.loaded = 42;'),
      'node_modules/loaded/register.js': "require('./index.js');",
      ...pkg('node_modules/checker', {}),
    };
    expect(await answerOf(tree, { start: 'NODE_OPTIONS="-r loaded/register" run server.js' })).toBe('42');
    expect(
      (await pack(tree, { start: 'node -r loaded/register server.js' })).paths.filter((it) => it.includes('runner')),
    ).toEqual([]);
  });

  test('what is made for other machines is left out, what is missing is said', async () => {
    const { paths, said } = await pack({
      'package.json': json({ dependencies: needs('a', 'gone') }),
      'server.js': 'x',
      ...pkg('node_modules/a', { optionalDependencies: needs('a-aix', 'a-here') }),
      ...pkg('node_modules/a-aix', { os: ['aix'] }),
      ...pkg('node_modules/a-here', { os: [process.platform], cpu: [process.arch] }),
    });
    expect(paths.filter((it) => it.includes('a-'))).toEqual([
      'node_modules/a-here/index.js',
      'node_modules/a-here/package.json',
    ]);
    expect(said).toContain('Note: not installed, so not packed: gone');
    expect(said).toContain('Left out, for other machines: a-aix');
  });
});

test('secrets, repositories and caches are left out, maps and what looks like a test are not', async () => {
  const { paths } = await pack({
    'package.json': '{}',
    'server.js': 'x',
    'dist/app.js.map': '{}',
    'openapi.spec.yaml': 'x',
    'tests/data.json': '{}',
    '.well-known/x': 'x',
    '.env': 'SECRET=1',
    'config/.env.production': 'SECRET=1',
    '.npmrc': 'token',
    '.yarnrc.yml': 'token',
    '.git/config': 'x',
    'vendor/.git/config': 'x',
    '.next/cache/x': 'x',
    '.turbo/x': 'x',
    'leads-nowhere': { link: 'nowhere' },
    'leads-to-secret': { link: '.env' },
  });
  expect(paths).toEqual([
    '.well-known/x',
    'dist/app.js.map',
    'openapi.spec.yaml',
    'package.json',
    'server.js',
    'tests/data.json',
  ]);
});

describe('what frameworks make', () => {
  test('Next.js: the standalone output with static files and public, in a workspace too', async () => {
    const tree = {
      'pnpm-workspace.yaml': '',
      'apps/web/package.json': json({ dependencies: needs('next') }),
      'apps/web/.next/static/chunk.js': 'x',
      'apps/web/public/logo.svg': 'x',
      'apps/web/src/page.tsx': 'x',
      ...pkg('node_modules/next', { version: 'untraced' }),
      'apps/web/.next/standalone/apps/web/server.js': `const answer = () => require('next').version + require('node:fs').readdirSync(__dirname).sort();\n${SERVER}`,
      'apps/web/.next/standalone/apps/web/package.json': json({ dependencies: needs('next', 'untraced') }),
      'apps/web/.next/standalone/apps/web/.next/server/page.js': 'x',
      'apps/web/.next/standalone/apps/web/node_modules/next': {
        link: '../../../node_modules/.pnpm/next@1/node_modules/next',
      },
      ...pkg('apps/web/.next/standalone/node_modules/.pnpm/next@1/node_modules/next', { version: 'traced' }),
    };
    const options = { root: 'apps/web', start: 'next start' };
    const { paths, start } = await pack(tree, options);
    expect(start).toBe('HOSTNAME=0.0.0.0 node apps/web/server.js');
    expect(paths).toContain('apps/web/.next/static/chunk.js');
    expect(paths).toContain('apps/web/public/logo.svg');
    expect(paths.filter((it) => /page\.tsx|standalone|\.pnpm/.test(it))).toEqual([]);
    expect(await answerOf(tree, options)).toBe('traced.next,package.json,public,server.js');
  });

  test('Next.js without it: the whole project, and its compiler only for a configuration in TypeScript', async () => {
    const tree = {
      'package.json': json({ dependencies: needs('next') }),
      '.next/server/page.js': 'x',
      '.next/cache/x': 'x',
      ...pkg('node_modules/next', {
        bin: { next: 'index.js' },
        optionalDependencies: needs('@next/swc-linux-x64-gnu'),
      }),
      ...pkg('node_modules/@next/swc-linux-x64-gnu', {}),
    };
    const { paths, start, said } = await pack(tree, { start: 'next start -p $PORT' });
    expect(start).toBe('next start -p $PORT');
    expect(paths).toEqual([
      '.next/server/page.js',
      'node_modules/.bin/next',
      'node_modules/next/index.js',
      'node_modules/next/package.json',
      'package.json',
    ]);
    expect(said[0]).toContain("`output: 'standalone'`");
    const typed = await pack({ ...tree, 'next.config.ts': 'x' }, { start: 'next start -p $PORT' });
    expect(typed.paths).toContain('node_modules/@next/swc-linux-x64-gnu/index.js');
  });

  test('Nitro, as in Nuxt: its output under its own path, and nothing else', async () => {
    const tree = {
      'package.json': json({ dependencies: needs('nuxt') }),
      'app.vue': 'x',
      ...pkg('node_modules/nuxt', {}),
      '.output/server/index.mjs': `import vue from 'vue';\nimport { createServer } from 'node:http';\ncreateServer((_, response) => response.end(vue.version)).listen(process.env.PORT, process.env.HOST);`,
      '.output/server/package.json': json({ dependencies: needs('vue') }),
      '.output/public/index.html': 'x',
      '.output/server/node_modules/vue': { link: '.nitro/vue@3' },
      ...pkg('.output/server/node_modules/.nitro/vue@3', { name: 'vue', version: '3.0.0' }),
    };
    const start = 'node .output/server/index.mjs';
    expect((await pack(tree, { start })).paths).toEqual([
      '.output/public/index.html',
      '.output/server/index.mjs',
      '.output/server/package.json',
      'node_modules/vue/index.js',
      'node_modules/vue/package.json',
    ]);
    expect(await answerOf(tree, { start })).toBe('3.0.0');
  });
});

describe('refused with a reason', () => {
  const app = { 'package.json': '{}', 'server.js': 'x' };
  const refusal = (sentence: RegExp) =>
    expect.objectContaining({ code: 'output_invalid', message: expect.stringMatching(sentence) });

  test.each<[string, Tree, RegExp]>([
    [
      'a link out of the repository',
      { secrets: { link: '/etc' } },
      /"secrets" is a symbolic link out of the repository/,
    ],
    [
      'a dependency outside of it',
      { 'package.json': json({ dependencies: needs('a') }), 'node_modules/a': { link: '/usr' } },
      /"a" is installed outside/,
    ],
    ['a link that goes round', { 'a/b': { link: '../a' } }, /"a\/b" is a symbolic link to a folder that contains it/],
    ['names that differ in case', { 'Read.me': 'x', 'read.me': 'x' }, /upper and lower case only/],
    ['a name with a line break', { 'a\nb': 'x' }, /control character/],
    [
      "packages in Yarn's archives",
      { 'package.json': json({ dependencies: needs('a') }), '.pnp.cjs': 'x' },
      /Plug'n'Play/,
    ],
  ])('%s', async (_, tree, sentence) => {
    await expect(pack({ ...app, ...tree })).rejects.toEqual(refusal(sentence));
  });

  test.each<[string, string, Tree, string]>([
    [
      'of static files',
      'next start',
      { '.next/standalone/server.js': 'x', public: { link: '../outside' } },
      '"public/" is a symbolic link out of the repository',
    ],
    [
      'of an output of Next.js',
      'next start',
      { '.next/standalone': { link: '../../outside' } },
      '"." is a symbolic link out of the repository',
    ],
    [
      'of an output of Nitro',
      'node .output/server/index.mjs',
      { '.output': { link: '../outside' } },
      '".output/" is a symbolic link out of the repository',
    ],
  ])('a link to the files of somebody else in the place of a folder %s', async (_, start, tree, sentence) => {
    const outside = {
      'outside/server.js': 'stolen',
      'outside/server/index.mjs': 'stolen',
    };
    const inRepository = Object.entries({ ...app, ...tree }).map(([name, entry]) => [`repository/${name}`, entry]);
    using both = fileTree({ ...outside, ...Object.fromEntries(inRepository) });
    const source = path.join(both.folder, 'repository');
    const server = { runtime: 'node', version: '22', start } as const;
    const packed = packNodeApp({ folder: source, source, server, user: undefined, say: () => {}, signal: SIGNAL });
    await expect(packed).rejects.toMatchObject({ code: 'output_invalid', message: expect.stringContaining(sentence) });
  });

  test('names that differ in case are taken in a dependency, which nobody here can change', async () => {
    const { paths } = await pack({
      ...app,
      'package.json': json({ dependencies: needs('a') }),
      ...pkg('node_modules/a', {}),
      'node_modules/a/README': 'x',
      'node_modules/a/Readme': 'x',
    });
    expect(paths).toContain('node_modules/a/Readme');
  });

  const packFolder = (folder: string, user?: { uid: number; gid: number }) =>
    packNodeApp({
      folder,
      source: folder,
      server: { runtime: 'node', version: '22', start: 'node server.js' },
      user,
      say: () => {},
      signal: SIGNAL,
    });

  test('a pipe and a socket', async () => {
    using pipe = fileTree(app);
    execFileSync('mkfifo', [path.join(pipe.folder, 'pipe')]);
    await expect(packFolder(pipe.folder)).rejects.toEqual(refusal(/"pipe" is neither a file nor a folder/));
    using socket = fileTree(app);
    const server = createServer().listen(path.join(socket.folder, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    await expect(packFolder(socket.folder)).rejects.toEqual(refusal(/"socket" is neither a file nor a folder/));
    server.close();
  });

  test('a link out of the source in place of the node_modules of a package counts as absent', async () => {
    using other = fileTree({ ...pkg('stolen', {}) });
    const { paths } = await pack({
      ...app,
      'package.json': json({ dependencies: needs('a') }),
      ...pkg('node_modules/a', {}),
      'node_modules/a/node_modules': { link: other.folder },
    });
    expect(paths).toEqual(['node_modules/a/index.js', 'node_modules/a/package.json', 'package.json', 'server.js']);
  });

  test('a package.json that never ends or is outside the repository counts as absent', async () => {
    using other = fileTree({ 'package.json': json({ dependencies: needs('private-name') }) });
    using own = fileTree({
      ...app,
      'package.json': json({ dependencies: needs('pipe', 'device', 'foreign') }),
      'node_modules/pipe/index.js': 'x',
      'node_modules/device/package.json': { link: '/dev/zero' },
      'node_modules/foreign/package.json': { link: path.join(other.folder, 'package.json') },
    });
    execFileSync('mkfifo', [path.join(own.folder, 'node_modules/pipe/package.json')]);
    const said: string[] = [];
    await packNodeApp({
      folder: own.folder,
      source: own.folder,
      server: { runtime: 'node', version: '22', start: 'node server.js' },
      user: undefined,
      say: (line) => said.push(line),
      signal: SIGNAL,
    });
    expect(said).toContain('Note: not installed, so not packed: device, foreign, pipe');
  });

  test('packages that each need the others in another version, again and again', async () => {
    const names = Array.from({ length: 9 }, (_, index) => `p${index}`);
    const store = (name: string, version: number) => `node_modules/.pnpm/${name}@${version}/node_modules`;
    const tree: Record<string, Tree[string]> = { ...app, 'package.json': json({ dependencies: needs('p0') }) };
    tree['node_modules/p0'] = { link: `.pnpm/p0@0/node_modules/p0` };
    for (const name of names) {
      for (const version of [0, 1, 2]) {
        tree[`${store(name, version)}/${name}/package.json`] = json({ name, dependencies: needs(...names) });
        for (const other of names.filter((it) => it !== name)) {
          const next = (version + 1) % 3;
          tree[`${store(name, version)}/${other}`] = { link: `../../${other}@${next}/node_modules/${other}` };
        }
      }
    }
    await expect(pack(tree)).rejects.toEqual(refusal(/it needs more than 10000 packages/));
  }, 30_000);

  test('a file over 100 MB, and an app over 500 MB, naming what is large in it', async () => {
    using one = fileTree({ ...app, large: '' });
    truncateSync(path.join(one.folder, 'large'), 100 * 1024 * 1024 + 1);
    await expect(packFolder(one.folder)).rejects.toEqual(refusal(/"large" has 104857601 bytes; the limit is 100 MB/));
    using all = fileTree({ ...app, ...Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`data/${i}`, ''])) });
    for (let i = 0; i < 6; i++) truncateSync(path.join(all.folder, `data/${i}`), 90 * 1024 * 1024);
    await expect(packFolder(all.folder)).rejects.toEqual(refusal(/500 MB unpacked.*: data \(540\.0 MB\)/));
  });

  test.runIf(process.getuid?.() === 0)('a hard link to what only the runner may read', async () => {
    using own = fileTree(app);
    using other = fileTree({ secret: 'x' });
    execFileSync('chmod', ['600', path.join(other.folder, 'secret')]);
    linkSync(path.join(other.folder, 'secret'), path.join(own.folder, 'stolen'));
    await expect(packFolder(own.folder, { uid: 61_200, gid: 61_200 })).rejects.toEqual(
      refusal(/"stolen" cannot be read by the build/),
    );
  });
});

test('the same code is the same package, whenever and in whatever order and time zone it was written', async () => {
  const tree: Tree = {
    'package.json': json({ dependencies: needs('a') }),
    'server.js': 'x'.repeat(100_000),
    'run.sh': { program: '#!/bin/sh' },
    ...pkg('node_modules/a', { bin: 'index.js' }),
  };
  const hashOf = async (entries: Tree, touch: Date) => {
    using source = fileTree(entries);
    using place = fileTree();
    for (const name of Object.keys(entries)) utimesSync(path.join(source.folder, name), touch, touch);
    const target = path.join(place.folder, 'package.zip');
    const server = { runtime: 'node', version: '22', start: 'node server.js' } as const;
    const { manifest } = await packApp({
      folder: source.folder,
      source: source.folder,
      server,
      user: undefined,
      say: () => {},
      signal: SIGNAL,
      target,
    });
    return manifest.kind === 'static' ? undefined : manifest.package.sha256;
  };
  const { TZ } = process.env;
  process.env.TZ = 'America/Los_Angeles';
  const west = await hashOf(tree, new Date(0));
  process.env.TZ = 'Asia/Shanghai';
  const east = await hashOf(Object.fromEntries(Object.entries(tree).reverse()), new Date());
  if (TZ === undefined) delete process.env.TZ;
  else process.env.TZ = TZ;
  expect(west).toBe(east);
  expect(await hashOf({ ...tree, 'server.js': 'y' }, new Date())).not.toBe(west);
});
