import { parsePattern } from '@miaobu/shared/contracts/rule-pattern';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeSitePath } from './decode-site-path.ts';
import { matchPath, splitPath } from './match-path.ts';

function captured(pattern: string, pathname: string): Record<string, string> | undefined {
  const parsed = parsePattern(pattern);
  if ('problem' in parsed) throw new Error(`${pattern} ${parsed.problem}`);
  const captures = matchPath(parsed, splitPath(decodeSitePath(pathname) ?? ''));
  return captures && Object.fromEntries(captures);
}

describe('a pattern', () => {
  test.each([
    ['/', '/', {}],
    ['/', '/a', undefined],
    ['/about', '/about', {}],
    ['/about', '/about/', {}],
    ['/about/', '/about', {}],
    ['/about', '/About', undefined],
    ['/about', '/about/us', undefined],
    ['/关于', '/%E5%85%B3%E4%BA%8E', {}],
    ['/news/:year/:slug', '/news/2026/hello-you', { year: '2026', slug: 'hello-you' }],
    ['/news/:year/:slug', '/news/2026', undefined],
    ['/news/:year/:slug', '/news/2026/a/b', undefined],
    ['/news/:slug', '/news//', undefined],
    ['/news/:slug', '/news/a%20b', { slug: 'a b' }],
    ['/news/*', '/news', { splat: '' }],
    ['/news/*', '/news/', { splat: '' }],
    ['/news/*', '/news/a/b.html', { splat: 'a/b.html' }],
    ['/news/*', '/news/a/', { splat: 'a/' }],
    ['/news/*', '/newsletter', undefined],
    ['/*', '/', { splat: '' }],
    ['/*', '/a/b', { splat: 'a/b' }],
    ['/:lang/docs/*', '/zh/docs/a', { lang: 'zh', splat: 'a' }],
    ['/docs/**', '/docs', undefined],
    ['/docs/**', '/docs/a/b', { splat: 'a/b' }],
    ['/*.jpg', '/cat.jpg', { splat: 'cat' }],
    ['/*.jpg', '/pictures/2026/cat.jpg', { splat: 'pictures/2026/cat' }],
    ['/*.jpg', '/cat.jpeg', undefined],
    ['/*.jpg', '/', undefined],
    ['/img/thumb-*.png', '/img/thumb-1.png', { splat: '1' }],
    ['/img/aa*a', '/img/aa', undefined],
    ['/docs/*/old', '/docs/a/b/old', { splat: 'a/b' }],
    ['/docs/*/old', '/docs/old', undefined],
    ['/docs/*/:page/old', '/docs/a/b/c/old', { splat: 'a/b', page: 'c' }],
  ])('%s captures of %s: %j', (pattern, pathname, expected) => {
    expect(captured(pattern, pathname)).toEqual(expected);
  });
});

const segment = fc.constantFrom('a', 'b', 'aa', 'x.jpg', '关', ':one', ':two', '*', 'a*', '*.jpg', 'a*b');
const pattern = fc.array(segment, { maxLength: 6 }).map((segments) => `/${segments.join('/')}`);
const pathname = fc.webUrl({ withQueryParameters: true }).map((url) => new URL(url).pathname);
const simplePath = fc
  .array(fc.constantFrom('a', 'b', 'aa', 'ab', 'x.jpg', ''), { maxLength: 8 })
  .map((it) => `/${it.join('/')}`);

/** The same as a regular expression: slow to think about, quick to compare with. */
function asRegExp(text: string): RegExp {
  const parsed = parsePattern(text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  const segments = text.split('/').slice(1).filter(Boolean);
  const source = segments.map((it, index) => {
    if (it.startsWith(':')) return '/[^/]+';
    const literal = it.replace(/[.]/g, '\\$&');
    if (it === '*') return index === segments.length - 1 ? '(?:/.*)?' : '/.*';
    return `/${literal.replace('*', '.*')}`;
  });
  return new RegExp(`^${source.join('')}/?$`, 's');
}

test('a pattern matches what the equivalent regular expression matches', async () => {
  await fc.assert(
    fc.asyncProperty(pattern, fc.oneof(simplePath, pathname), async (text, path) => {
      const parsed = parsePattern(text);
      const decoded = decodeSitePath(path);
      if ('problem' in parsed || decoded === undefined) return;
      expect([text, path, matchPath(parsed, splitPath(decoded)) !== undefined]).toEqual([
        text,
        path,
        asRegExp(text).test(`/${decoded}`),
      ]);
    }),
    { numRuns: 2000 },
  );
});

test('any text is a pattern or has a problem, and any pattern is compared with any path without an error', async () => {
  const piece = fc.constantFrom('/', ':', '*', 'a', '.', '\\', '\0', '%', '关', 'e\u0301', '_', '1');
  const text = fc.oneof(
    fc.string(),
    fc.array(piece).map((pieces) => `/${pieces.join('')}`),
  );
  await fc.assert(
    fc.asyncProperty(text, fc.string(), async (written, path) => {
      const parsed = parsePattern(written);
      if ('problem' in parsed) expect(parsed.problem).toMatch(/^(has|does|is) /);
      else matchPath(parsed, splitPath(path));
    }),
    { numRuns: 2000 },
  );
});

test('a pattern reads each character of a path only a few times, however similar the two are', () => {
  const parsed = parsePattern(`/${'a/'.repeat(200)}*a/${'a/'.repeat(200)}b`);
  if ('problem' in parsed) throw new Error(parsed.problem);
  let looks = 0;
  const segments = new Proxy(
    Array.from({ length: 4000 }, () => 'a'),
    {
      get(target, name, receiver) {
        if (typeof name === 'string' && /^\d+$/.test(name)) looks++;
        return Reflect.get(target, name, receiver);
      },
    },
  );
  expect(matchPath(parsed, { segments, endsInSlash: false })).toBeUndefined();
  expect(looks).toBeLessThan(3 * 4000);
});
