import { describe, expect, test } from 'vitest';
import {
  APP_LIMITS,
  type AppManifest,
  blobsOfArtifact,
  packagePathProblem,
  packagePathsProblem,
  parseAppManifest,
  parseArtifactManifest,
  serverEnvironment,
} from './app-manifest.ts';
import { ManifestError } from './manifest.ts';

const hash = 'ab'.repeat(32);
const server: AppManifest = {
  v: 1,
  kind: 'node',
  version: '22',
  start: 'node server.js',
  port: 9000,
  files: 3,
  unpacked_bytes: 4096,
  package: { sha256: hash, bytes: 1024 },
};
const site = { v: 1, kind: 'static', spa: true, files: [{ path: 'a', sha256: hash, bytes: 1, type: 'text/plain' }] };
const changed = (changes: object) => JSON.parse(JSON.stringify({ ...server, ...changes }));

test('a manifest of a server comes back with its known fields only', () => {
  expect(parseAppManifest(changed({ more: 1, package: { sha256: hash, bytes: 1024, more: 1 } }))).toEqual(server);
  const python = changed({ kind: 'python', version: '3.12', start: 'uvicorn main:app --port $PORT' });
  expect(parseAppManifest(python)).toEqual(python);
});

test('manifests of both kinds are recognised, with their blobs', () => {
  expect(parseArtifactManifest(server)).toEqual(server);
  expect(parseArtifactManifest(site)).toMatchObject({ kind: 'static', spa: true });
  expect(blobsOfArtifact(server)).toEqual([{ sha256: hash, bytes: 1024 }]);
  expect(blobsOfArtifact(parseArtifactManifest(site))).toEqual([{ sha256: hash, bytes: 1 }]);
});

test.each<[string, unknown, RegExp]>([
  ['nothing', null, /version 1 manifest/],
  ['a list', [], /version 1 manifest/],
  ['an unknown kind', changed({ kind: 'ruby' }), /version 1 manifest/],
  ['a later version', changed({ v: 2 }), /version 1 manifest/],
])('%s is no manifest of either kind', (_, value, sentence) => {
  expect(() => parseArtifactManifest(value)).toThrow(ManifestError);
  expect(() => parseArtifactManifest(value)).toThrow(sentence);
});

test.each<[string, object, RegExp]>([
  ['no version', { version: undefined }, /version of its runtime/],
  ['a version that is a range', { version: '>=18' }, /version of its runtime/],
  ['no start command', { start: undefined }, /start command/],
  ['an empty start command', { start: ' ' }, /start command/],
  ['a long start command', { start: 'x'.repeat(1001) }, /start command/],
  ['a start command that ends early', { start: 'node a.js\0' }, /start command/],
  ['a start command that colours a terminal', { start: 'node a.js \u001b[31m' }, /start command/],
  ['another port', { port: 8080 }, /another port/],
  ['no files', { files: 0 }, /valid sizes/],
  ['half a file', { files: 1.5 }, /valid sizes/],
  ['a size in words', { unpacked_bytes: '4096' }, /valid sizes/],
  ['too many files', { files: APP_LIMITS.files + 1 }, /more than 60000 files/],
  [
    'too many bytes',
    { unpacked_bytes: APP_LIMITS.unpackedBytes + 1, package: { sha256: hash, bytes: 90_000_000 } },
    /500 MB unpacked/,
  ],
  ['no package', { package: null }, /names no package/],
  ['a package of no hash', { package: { sha256: '../x', bytes: 1 } }, /names no package/],
  ['a package of no size', { package: { sha256: hash, bytes: -1 } }, /package has no valid size/],
  ['a package that is too large', { package: { sha256: hash, bytes: APP_LIMITS.packageBytes + 1 } }, /limit is 100 MB/],
  ['a bomb', { unpacked_bytes: 102_401 * 20, package: { sha256: hash, bytes: 20_480 } }, /100 times its size/],
])('%s is refused, with a sentence', (_, changes, sentence) => {
  expect(() => parseAppManifest(changed(changes))).toThrow(ManifestError);
  expect(() => parseAppManifest(changed(changes))).toThrow(sentence);
});

describe('paths of a package', () => {
  test.each(['a', 'node_modules/@scope/a/.x', 'e\u0301', 'a b', '...'])('%j is accepted', (path) => {
    expect(packagePathProblem(path)).toBeUndefined();
  });
  test.each(['', '/etc/passwd', 'a/../b', '..', './a', 'a//b', 'a/', 'a\\b', 'a\0', 'x'.repeat(1025)])(
    '%j is refused',
    (path) => {
      expect(packagePathProblem(path)).toEqual(expect.any(String));
    },
  );

  test.each<[string[], RegExp | undefined]>([
    [['a', 'b/a', 'b/c'], undefined],
    [['a', 'a'], /there twice/],
    [['Read.me', 'read.me'], /upper and lower case/],
    [['node_modules/x/Read.me', 'node_modules/x/read.me', 'web/node_modules/A', 'web/node_modules/a'], undefined],
    [['python_deps/x/A.py', 'python_deps/x/a.py'], undefined],
    [['a/b', 'a'], /both a file and a folder/],
    [['node_modules/a/b', 'node_modules/a'], /both a file and a folder/],
  ])('%j together: %s', (paths, problem) => {
    if (problem) expect(packagePathsProblem(paths)).toMatch(problem);
    else expect(packagePathsProblem(paths)).toBeUndefined();
  });
});

test('a server finds its runtime first, then the programs of its dependencies', () => {
  const place = { folder: '/code', programs: '/opt/nodejs22/bin' };
  expect(serverEnvironment(server, place)).toMatchObject({
    PATH: '/opt/nodejs22/bin:/code/node_modules/.bin:/usr/local/bin:/usr/bin:/bin',
    PORT: '9000',
    HOST: '0.0.0.0',
    NODE_ENV: 'production',
  });
  expect(serverEnvironment({ kind: 'python', port: 9000 }, place)).toMatchObject({
    PATH: expect.stringContaining(':/code/python_deps/bin:'),
    PYTHONPATH: '/code/python_deps',
  });
});
