import { describe, expect, test } from 'vitest';
import {
  buildShards,
  type EdgeRoute,
  findFile,
  parseRoute,
  parseShard,
  pathHash,
  SHARD_LIMIT_BYTES,
  serializeRoute,
  shardOf,
} from './edge-route.ts';
import type { Manifest, ManifestFile } from './manifest.ts';

const hash = (n: number) => n.toString(16).padStart(64, '0');
const manifestOf = (files: readonly ManifestFile[]): Manifest => ({ v: 1, kind: 'static', spa: false, files });
const plain = (path: string): ManifestFile => ({ path, sha256: hash(1), bytes: 1, type: 'text/plain' });

describe('the routing table', () => {
  const files = Array.from({ length: 20_000 }, (_, n): ManifestFile => {
    const file = {
      path: `docs/${'章节'.repeat(n % 40)}/page-${n}/index.html`,
      sha256: hash(n),
      bytes: n,
      type: n % 3 ? 'text/html; charset=utf-8' : 'text/css; charset=utf-8',
    };
    const twin = (base: number) => ({ sha256: hash(base + n), bytes: n + 1 });
    const twins = [undefined, { br: twin(1e6) }, { gzip: twin(2e6) }, { br: twin(1e6), gzip: twin(2e6) }];
    const encodings = twins[n % 4];
    return encodings ? { ...file, encodings } : file;
  });
  const shards = buildShards(manifestOf(files));

  test('of 20,000 files has a power of two of shards, none over 256 KB', () => {
    expect(shards.length).toBeGreaterThan(8);
    expect(Number.isInteger(Math.log2(shards.length))).toBe(true);
    for (const shard of shards) expect(Buffer.byteLength(shard)).toBeLessThanOrEqual(SHARD_LIMIT_BYTES);
  });

  test('returns every file, encodings included, from the shard of its path', () => {
    const parsed = shards.map(parseShard);
    const indexed = parsed.map((shard) => new Map(shard?.files.map((entry) => [entry[0], entry])));
    const found = files.map(({ path }) => {
      const n = shardOf(path, shards.length);
      const [shard, entry] = [parsed[n], indexed[n]?.get(path)];
      return shard && entry && findFile({ ...shard, files: [entry] }, path);
    });
    expect(found).toEqual(files);
  });

  test('of a small site is one shard, in which no other path is found', () => {
    const [only, ...others] = buildShards(manifestOf([plain('index.html')]));
    expect(others).toEqual([]);
    const shard = parseShard(only ?? '');
    expect(shard && findFile(shard, 'index.html')).toEqual(plain('index.html'));
    expect(shard && findFile(shard, 'index.htm')).toBeUndefined();
    expect(shard && findFile(shard, 'constructor')).toBeUndefined();
  });

  test('is refused quickly when paths were chosen so that no number of shards separates them', () => {
    // Each block leads FNV-1a from its first state back to it, so every sequence of them has one hash.
    const blocks = ['anamaeej', 'raawbiuo'];
    const files = Array.from({ length: 512 }, (_, n) =>
      plain(Array.from({ length: 100 }, (_, bit) => blocks[bit < 9 ? (n >> bit) & 1 : 0]).join('')),
    );
    expect(new Set(files.map(({ path }) => path)).size).toBe(512);
    expect(new Set(files.map(({ path }) => pathHash(path))).size).toBe(1);
    expect(() => buildShards(manifestOf(files))).toThrow(RangeError);
  });
});

const route: EdgeRoute = {
  v: 1,
  type: 'static',
  oss_path: 'projects/blog/dep_01h2xcejqtf2nbrexx3vqjhp41',
  project_slug: 'blog',
  deployment_id: 'dep_01h2xcejqtf2nbrexx3vqjhp41',
  commit_sha: 'c'.repeat(40),
  updated_at: '2026-01-02T03:04:05.678Z',
  gen: 12,
  spa: true,
  shards: 4,
};

describe('a route', () => {
  test('is read as it was written, without unknown fields', () => {
    expect(parseRoute(serializeRoute(route))).toEqual(route);
    expect(parseRoute(JSON.stringify({ ...route, later: 'field' }))).toEqual(route);
  });

  test('over 4 KB is not written', () => {
    expect(() => serializeRoute({ ...route, project_slug: 'x'.repeat(4096) })).toThrow(RangeError);
  });

  const moved = (change: { project_slug?: string; deployment_id?: string }) => {
    const { project_slug, deployment_id } = { ...route, ...change };
    return { ...change, oss_path: `projects/${project_slug}/${deployment_id}` };
  };
  test.each<[string, object]>([
    ['another schema', { v: 2 }],
    ['another type', { type: 'node' }],
    ['an empty slug', moved({ project_slug: '' })],
    ['a slug that climbs', moved({ project_slug: '../shop' })],
    ['a slug in upper case', moved({ project_slug: 'Blog' })],
    ['a slug over 40 characters', moved({ project_slug: 'x'.repeat(41) })],
    ['a slug with a line break at its end', moved({ project_slug: 'blog\n' })],
    ['an id of another kind', moved({ deployment_id: route.deployment_id.replace('dep_', 'prj_') })],
    ['an id that is too long', moved({ deployment_id: `${route.deployment_id}0` })],
    ['an id that splits a header', moved({ deployment_id: 'dep_01h2xcejqtf2nbrexx3vq\r\nx: y' })],
    ['a path of another project', { oss_path: 'projects/shop/dep_01h2xcejqtf2nbrexx3vqjhp41' }],
    ['no path', { oss_path: undefined }],
    ['a short commit', { commit_sha: 'c0ffee' }],
    ['a commit that is no hex', { commit_sha: 'g'.repeat(40) }],
    ['a time without a zone', { updated_at: '2026-01-02T03:04:05' }],
    ['a time that is a number', { updated_at: 1_767_322_800 }],
    ['a negative generation', { gen: -1 }],
    ['a fraction of a generation', { gen: 1.5 }],
    ['a generation in words', { gen: '12' }],
    ['an unsure spa', { spa: 'true' }],
    ['no shards', { shards: 0 }],
    ['half a shard', { shards: 0.5 }],
    ['three shards', { shards: 3 }],
    ['a negative number of shards', { shards: -4 }],
    ['more shards than any deployment has', { shards: 2048 }],
    ['shards in words', { shards: '4' }],
  ])('with %s is refused', (_, change) => {
    expect(parseRoute(JSON.stringify({ ...route, ...change }))).toBeUndefined();
  });

  test.each(['', '{', 'null', '[]', '"text"', '12', 'undefined'])('is not %j', (text) => {
    expect(parseRoute(text)).toBeUndefined();
  });
});

describe('a routing shard', () => {
  const entry = ['a.css', hash(1), 3, 0, [hash(2), 2], [hash(3), 1]];
  const shard = { v: 1, types: ['text/css'], files: [entry, ['b.css', hash(4), 0, 0, 0, [hash(5), 1]]] };
  const withEntry = (changed: unknown) => ({ ...shard, files: [entry, changed] });
  const at = (index: number, value: unknown) => withEntry(entry.with(index, value as string));

  test('is read as it was written', () => {
    expect(parseShard(JSON.stringify(shard))).toEqual(shard);
    expect(parseShard('{"v":1,"types":[],"files":[]}')).toEqual({ v: 1, types: [], files: [] });
  });

  test.each<[string, unknown]>([
    ['nothing', null],
    ['a list', []],
    ['another schema', { ...shard, v: 2 }],
    ['types that are no list', { ...shard, types: 'text/css' }],
    ['a type that is no text', { ...shard, types: [1] }],
    ['files that are no list', { ...shard, files: {} }],
    ['an entry that is no list', withEntry({ 0: 'a' })],
    ['an entry that is too short', withEntry(entry.slice(0, 3))],
    ['an entry that is too long', withEntry([...entry, 0])],
    ['a path that is no text', at(0, 1)],
    ['a hash that is none', at(1, 'c0ffee')],
    ['a hash that climbs', at(1, `../${hash(1).slice(3)}`)],
    ['a negative size', at(2, -1)],
    ['a fraction of a byte', at(2, 0.5)],
    ['a type that is not listed', at(3, 1)],
    ['a type before the first', at(3, -1)],
    ['a twin without a size', at(4, [hash(2)])],
    ['a twin with a false hash', at(4, ['x', 1])],
    ['a twin of null', at(5, null)],
  ])('is not %s', (_, value) => {
    expect(parseShard(JSON.stringify(value))).toBeUndefined();
  });

  test.each(['', '{', '[['])('is not %j', (text) => {
    expect(parseShard(text)).toBeUndefined();
  });
});
