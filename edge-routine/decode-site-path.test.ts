import { describe, expect, test } from 'vitest';
import { decodeSitePath } from './decode-site-path.ts';
import { deploymentId, imitateEdge, sha256 } from './testing/imitated-edge.ts';

const decode = (path: string) => decodeSitePath(new URL(`http://site.example${path}`).pathname);

describe('a path means', () => {
  test.each([
    ['/', ''],
    ['/a/b', 'a/b'],
    ['/a/', 'a/'],
    ['//a', '/a'],
    ['/../../a', 'a'],
    ['/x/%2e%2E/a', 'a'],
    ['/x/.%2e/a', 'a'],
    ['/a;/../b', 'b'],
    ['/\\..\\a', 'a'],
    ['/%252e%252e%252fa', '%2e%2e%2fa'],
    ['/...', '...'],
    ['/a%3Fb%23c', 'a?b#c'],
    ['/a\r\nb', 'ab'],
  ])('%j → %j', (path, expected) => {
    expect(decode(path)).toBe(expected);
  });
});

describe('S-E2: a path without a safe meaning is refused', () => {
  test.each([
    ['encoded slash', '/..%2fsecret'],
    ['encoded slash inside a name', '/a%2Fb'],
    ['encoded backslash', '/%5c..'],
    ['encoded NUL', '/a%00.html'],
    ['encoded CR LF', '/a%0d%0aset-cookie:%20x=1'],
    ['encoded DEL', '/%7f'],
    ['invalid UTF-8', '/%ff'],
    ['overlong slash', '/%c0%af'],
    ['overlong dot', '/%e0%80%ae'],
    ['encoded surrogate', '/%ed%a0%80'],
    ['truncated sequence', '/%e5%85'],
    ['stray percent', '/100%'],
    ['percent without hex', '/%zz'],
  ])('%s: %s', async (_, path) => {
    expect(decode(path)).toBeUndefined();
    const edge = imitateEdge();
    edge.deploy({ files: { 'index.html': 'home' } });
    const response = await edge.visit(path);
    expect(response.status).toBe(400);
    expect(edge.reads).toEqual([]);
    expect(edge.subRequests).toEqual([]);
  });

  test('a dot segment that no URL parser resolved is refused', () => {
    expect(decodeSitePath('/../a')).toBeUndefined();
    expect(decodeSitePath('/a/./b')).toBeUndefined();
  });
});

/** Numerical Recipes' generator: the same paths on every run. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('S-E2: no path out of 3,000 hostile ones reaches anything but the blobs of the site itself', async () => {
  const edge = imitateEdge();
  edge.deploy({
    spa: true,
    files: { 'index.html': 'home', '404.html': 'lost', 'a/b.html': 'ab', 'a/index.html': 'a' },
  });
  edge.deploy({
    hostname: 'shop.sites.example',
    slug: 'shop',
    id: deploymentId('shop'),
    files: { 'index.html': 'secret' },
  });
  const own = new Set(['home', 'lost', 'ab', 'a'].map((content) => `/projects/blog/blobs/${sha256(content)}`));

  const pieces = [
    '..',
    '.',
    '%2e%2e',
    '%2E',
    '/',
    '/',
    '/',
    '\\',
    '%2f',
    '%5c',
    '%00',
    '%c0%ae',
    '%252e%252e%252f',
    '?',
    '#',
  ]
    .concat([
      'a',
      'b',
      'index.html',
      '.html',
      ';',
      '%0d%0a',
      '@',
      ':',
      '//',
      '%',
      'ａ',
      '\t',
      '..;',
      '%E2%80%A5',
      '．．',
    ])
    .concat([
      'projects',
      'blog',
      'shop',
      'blobs',
      sha256('secret'),
      sha256('home'),
      deploymentId('shop'),
      'manifest.json',
    ]);
  const next = sequence(20260101);
  for (let i = 0; i < 3000; i++) {
    const path = `/${Array.from({ length: 1 + next(9) }, () => pieces[next(pieces.length)]).join('')}`;
    const response = await edge.visit(`http://blog.sites.example${path}`, {
      headers: { accept: next(2) ? 'text/html' : '*/*' },
    });
    expect([200, 308, 400, 404], path).toContain(response.status);
    expect(await response.text(), path).not.toContain('secret');
    expect(response.headers.get('location') ?? '/', path).toMatch(/^\/(?![/\\])/);
  }
  expect(edge.subRequests.length).toBeGreaterThan(100);
  for (const request of edge.subRequests) {
    const url = new URL(request.url);
    expect(url.host).toBe('blog.sites.example');
    expect(own).toContain(url.pathname);
    expect(url.search).toBe('');
  }
}, 30_000);

test("a visitor's /projects/… path is a path of the site, never a key of the bucket", async () => {
  const edge = imitateEdge();
  const route = edge.deploy({ files: { 'index.html': 'home' } });
  edge.bucket.set(`${route.oss_path}/manifest.json`, new TextEncoder().encode('{}'));
  for (const path of [`/projects/blog/blobs/${sha256('home')}`, `/${route.oss_path}/manifest.json`, '/projects/']) {
    expect((await edge.visit(path)).status, path).toBe(404);
  }
  expect(edge.subRequests).toEqual([]);
  edge.deploy({ id: deploymentId('two'), files: { 'projects/index.html': 'my projects' } });
  expect(await (await edge.visit('/projects/')).text()).toBe('my projects');
});
