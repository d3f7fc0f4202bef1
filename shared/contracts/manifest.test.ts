import { describe, expect, test } from 'vitest';
import {
  blobKey,
  blobsOf,
  deploymentPrefix,
  MANIFEST_LIMITS,
  ManifestError,
  type ManifestFile,
  parseManifest,
  pathProblem,
} from './manifest.ts';

const hash = (n: number) => n.toString(16).padStart(64, '0');
const file = (path: unknown, more: object = {}) => ({ path, sha256: hash(1), bytes: 3, type: 'text/plain', ...more });
const manifest = (files: unknown, more: object = {}) => ({ v: 1, kind: 'static', spa: false, files, ...more });
const many = (count: number, more: (n: number) => object = () => ({})) =>
  Array.from({ length: count }, (_, n) => file(`f/${n}`, more(n)));

test('a manifest is read in code-unit order of its paths, without unknown fields', () => {
  const files = [
    file('b', { extra: 1 }),
    file('a/2', { encodings: { gzip: { sha256: hash(3), bytes: 2, level: 9 } } }),
    file('Z'),
  ];
  expect(parseManifest(manifest(files, { spa: true, owner: 'root' }))).toEqual({
    v: 1,
    kind: 'static',
    spa: true,
    files: [file('Z'), file('a/2', { encodings: { gzip: { sha256: hash(3), bytes: 2 } } }), file('b')],
  });
});

test.each<[string, unknown, RegExp]>([
  ['null', null, /version 1/],
  ['a list', [], /version 1/],
  ['text', '{}', /version 1/],
  ['another version', manifest([file('a')], { v: 2 }), /version 1/],
  ['another kind', manifest([file('a')], { kind: 'node' }), /version 1/],
  ['an unsure spa', manifest([file('a')], { spa: 'yes' }), /version 1/],
  ['no files', manifest(undefined), /no list of files/],
  ['files by name', manifest({ length: 1 }), /no list of files/],
  ['an empty list', manifest([]), /has no files/],
  ['too many files', manifest(many(MANIFEST_LIMITS.files + 1)), /20001 files; the limit is 20000/],
  ['a file that is null', manifest([null]), /file 0 has no path/],
  ['a path that is a number', manifest([file('a'), file(1)]), /file 1 has no path/],
  ['a content type over two lines', manifest([file('a', { type: 'text/html\r\nset-cookie: a=b' })]), /"a".*type/],
  ['an empty content type', manifest([file('a', { type: '' })]), /content type/],
  ['a long content type', manifest([file('a', { type: 'x'.repeat(256) })]), /content type/],
  ['no content type', manifest([file('a', { type: undefined })]), /content type/],
  ['a hash in upper case', manifest([file('a', { sha256: 'A'.repeat(64) })]), /no valid sha256/],
  ['a short hash', manifest([file('a', { sha256: 'a'.repeat(63) })]), /no valid sha256/],
  ['a hash that climbs', manifest([file('a', { sha256: `../${'a'.repeat(61)}` })]), /no valid sha256/],
  ['a negative size', manifest([file('a', { bytes: -1 })]), /no valid size/],
  ['half a byte', manifest([file('a', { bytes: 0.5 })]), /no valid size/],
  ['a size in words', manifest([file('a', { bytes: '3' })]), /no valid size/],
  ['a file over the limit', manifest([file('a', { bytes: MANIFEST_LIMITS.fileBytes + 1 })]), /100 MB for one file/],
  [
    'all files over the limit',
    manifest(many(11, (n) => ({ sha256: hash(n), bytes: MANIFEST_LIMITS.fileBytes }))),
    /limit of 1024 MB in all/,
  ],
  ['one content of two sizes', manifest([file('a'), file('b', { bytes: 4 })]), /two sizes/],
  [
    'a twin whose size another file contradicts',
    manifest([file('a'), file('b', { sha256: hash(2), encodings: { br: { sha256: hash(1), bytes: 4 } } })]),
    /two sizes/,
  ],
  ['encodings that are a list', manifest([file('a', { encodings: [] })]), /invalid encodings/],
  ['an unknown encoding', manifest([file('a', { encodings: { zstd: {} } })]), /unknown encoding/],
  [
    'an encoding of every object',
    JSON.parse(
      JSON.stringify(manifest([file('a', { encodings: 0 })])).replace('"encodings":0', '"encodings":{"__proto__":{}}'),
    ),
    /unknown encoding/,
  ],
  ['a twin without a hash', manifest([file('a', { encodings: { br: { bytes: 1 } } })]), /\(br\).*sha256/],
  ['one path twice', manifest([file('a/b'), file('a/b')]), /"a\/b" is listed twice/],
  ['paths that differ in case only', manifest([file('Read.me'), file('read.me')]), /upper and lower case only/],
  ['a file that is a folder too', manifest([file('a'), file('a/b')]), /"a" is both a file and a folder/],
  ['a file that is a folder in another case', manifest([file('A/B'), file('a/b/c')]), /both a file and a folder/],
])('%s is refused, with a sentence', (_, value, sentence) => {
  expect(() => parseManifest(value)).toThrow(ManifestError);
  expect(() => parseManifest(value)).toThrow(sentence);
});

test('the largest manifest is accepted', () => {
  const bytes = MANIFEST_LIMITS.totalBytes / 16_384;
  const files = many(MANIFEST_LIMITS.files, (n) => ({ sha256: hash(n), bytes: n < 16_384 ? bytes : 0 }));
  expect(parseManifest(manifest(files)).files).toHaveLength(MANIFEST_LIMITS.files);
});

describe('a path', () => {
  test.each([
    'index.html',
    'a/b/c.js',
    '.well-known/security.txt',
    '...',
    'a b/ü/中文/é.png',
    '%2e%2e/x',
    'a?b#c',
    '__proto__/constructor',
    'x'.repeat(1024),
  ])('may be %j', (path) => {
    expect(pathProblem(path)).toBeUndefined();
    expect(parseManifest(manifest([file(path)])).files[0]?.path).toBe(path);
  });

  test.each([
    '',
    '/',
    '/etc/passwd',
    'a//b',
    'a/',
    '.',
    '..',
    '../x',
    'a/../b',
    'a/./b',
    'a/..',
    'a\\b',
    '..\\x',
    'a\0b',
    'a\nb',
    'a\u007f',
    'e\u0301',
    `${'中'.repeat(342)}`,
    'x'.repeat(1025),
  ])('may not be %j', (path) => {
    expect(pathProblem(path)).toEqual(expect.any(String));
    expect(() => parseManifest(manifest([file(path)]))).toThrow(ManifestError);
  });
});

/** Numbers from 0 to below 1, the same for the same seed (mulberry32): a failure can be looked at again. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('any tree of files', () => {
  const SEGMENTS = [
    'a',
    'A',
    'b',
    'index.html',
    'é',
    '目录',
    '.x',
    '...',
    'a b',
    '',
    '.',
    '..',
    'c\\d',
    'e\u0301',
    'f\0',
  ];
  const SEEDS = Array.from({ length: 400 }, (_, seed) => seed);

  function randomTree(seed: number): ManifestFile[] {
    const random = randomFrom(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    // Most trees draw from the names that are allowed, so that both sides of every rule are met.
    const names = random() < 0.7 ? SEGMENTS.slice(0, 9) : SEGMENTS;
    return Array.from({ length: 1 + below(6) }, () => {
      const path = Array.from({ length: 1 + below(3) }, () => names[below(names.length)] ?? '').join('/');
      const sha256 = hash(below(1000));
      return { path, sha256, bytes: Number.parseInt(sha256, 16), type: 'text/plain' };
    });
  }

  /** The rules again, said naively: a file system without upper case takes every file at its own place. */
  function isStorable(files: readonly ManifestFile[]): boolean {
    const names = files.map(({ path }) => path.toLowerCase());
    const wellFormed = files.every(({ path }) => pathProblem(path) === undefined);
    const distinct = new Set(names).size === names.length;
    return wellFormed && distinct && !names.some((name) => names.some((other) => other.startsWith(`${name}/`)));
  }

  test('is accepted exactly when it can be stored, and is returned complete and in order', () => {
    const outcomes = { taken: 0, refused: 0 };
    for (const seed of SEEDS) {
      const files = randomTree(seed);
      if (!isStorable(files)) {
        expect(() => parseManifest(manifest(files)), `seed ${seed}`).toThrow(ManifestError);
        outcomes.refused += 1;
        continue;
      }
      const read = parseManifest(JSON.parse(JSON.stringify(manifest(files)))).files;
      expect(read, `seed ${seed}`).toHaveLength(files.length);
      expect(read, `seed ${seed}`).toEqual(expect.arrayContaining(files));
      expect(read.map(({ path }) => path)).toEqual(files.map(({ path }) => path).sort());
      outcomes.taken += 1;
    }
    // Both sides were really met.
    expect(Math.min(outcomes.taken, outcomes.refused)).toBeGreaterThan(50);
  });
});

test('blobs are all distinct contents, twins included, in the order of their hashes', () => {
  const files = [
    file('b', { sha256: hash(9) }),
    file('a', {
      sha256: hash(2),
      encodings: { br: { sha256: hash(1), bytes: 1 }, gzip: { sha256: hash(3), bytes: 2 } },
    }),
    file('c', { sha256: hash(9) }),
  ];
  expect(blobsOf(parseManifest(manifest(files)))).toEqual([
    { sha256: hash(1), bytes: 1 },
    { sha256: hash(2), bytes: 3 },
    { sha256: hash(3), bytes: 2 },
    { sha256: hash(9), bytes: 3 },
  ]);
});

test('contents and deployments of a project have separate folders', () => {
  expect(blobKey('blog', hash(1))).toBe(`projects/blog/blobs/${hash(1)}`);
  expect(deploymentPrefix('blog', 'dep_1')).toBe('projects/blog/dep_1');
});
