import { describe, expect, test } from 'vitest';
import { buildShards, parseShard } from './edge-route.ts';
import { type Manifest, ManifestError, parseManifest } from './manifest.ts';
import { RULE_LIMITS } from './routing-rules.ts';

const file = { path: 'index.html', sha256: 'a'.repeat(64), bytes: 1, type: 'text/html' };
const manifestWith = (rules: unknown): Manifest =>
  parseManifest({ v: 1, kind: 'static', spa: false, files: [file], ...(rules !== undefined && { rules }) });

const redirect = { from: '/old/:slug', to: '/new/:slug', status: 301, force: false };
const header = { for: '/*', set: [['x-frame-options', 'DENY']], unset: ['link'] };
const withRedirect = (change: object) => ({ redirects: [{ ...redirect, ...change }], headers: [] });
const withHeader = (change: object) => ({ redirects: [], headers: [{ ...header, ...change }] });

describe('rules of a manifest', () => {
  test('are copied with known fields only, and reach the first shard', () => {
    const query = [
      ['id', ':id'],
      ['kind', 'x'],
    ];
    const rules = { redirects: [{ ...redirect, query }], headers: [header], trailingSlash: false, cleanUrls: true };
    const written = { ...rules, later: 1, redirects: [{ ...redirect, query, later: 1 }] };
    expect(manifestWith(written).rules).toEqual(rules);
    const [shard = ''] = buildShards(manifestWith(written));
    expect(parseShard(shard)?.rules).toEqual(rules);
  });

  test('are absent where there are none, as in manifests older than rules', () => {
    for (const rules of [undefined, { redirects: [], headers: [] }, { redirects: [], headers: [], cleanUrls: false }]) {
      const manifest = manifestWith(rules);
      expect('rules' in manifest).toBe(false);
      expect(buildShards(manifest)[0]).not.toContain('rules');
    }
  });

  test('of a site with several shards are in the first only; the others say so', () => {
    const files = Array.from({ length: 5000 }, (_, n) => ({ ...file, path: `${n}.html` }));
    const rules = {
      redirects: Array.from({ length: 1000 }, (_, n) => ({ ...redirect, from: `/${n}/:slug` })),
      headers: [],
    };
    const [first, ...others] = buildShards(parseManifest({ v: 1, kind: 'static', spa: false, files, rules }));
    expect(parseShard(first ?? '')?.rules).toEqual(rules);
    expect(others.length).toBeGreaterThan(0);
    expect(new Set(others.map((shard) => parseShard(shard)?.rules))).toEqual(new Set([true]));
  });

  test.each([
    ['/a', 'https://example.com:8443/a?b=c#d', 302],
    ['/a', 'http://example.com', 303],
    ['/a', '/b?time=12:30', 307],
    ['/:a/*', '/:splat/:a?:a#:splat', 308],
    ['/a', '/%E5%85%B3', 200],
    ['/a', '/404.html', 404],
    ['/关', '/', 301],
    ['/a*b/:c', '/', 301],
    ['/', '/:8080', 301],
  ])('may lead from %s to %s with %i', (from, to, status) => {
    expect(manifestWith(withRedirect({ from, to, status })).rules?.redirects).toHaveLength(1);
  });

  const long = 'x'.repeat(RULE_LIMITS.targetCharacters);
  const refused: readonly (readonly [what: string, rules: unknown])[] = [
    ['text', 'rules'],
    ['a list', []],
    ['no redirects', { headers: [] }],
    ['no headers', { redirects: [] }],
    ['a setting that is text', { redirects: [], headers: [], trailingSlash: 'yes' }],
    ['a redirect that is null', { redirects: [null], headers: [] }],
    ...Object.entries({
      from: [
        'a',
        '',
        7,
        '//a',
        '/a//b',
        '/a/../b',
        '/./',
        '/a\\b',
        '/a\r\nb',
        '/*/*',
        '/a**',
        '/:a/:a',
        '/a:b',
        '/:_a',
        '/e\u0301',
        '/:splat/*',
        `/${long}`,
      ],
      to: [
        '',
        'a',
        'a:b',
        7,
        '//evil.example',
        '/\\evil.example',
        '\\\\evil.example',
        'javascript:alert(1)',
        'https://',
        'https:///a',
        'https://user@a/',
        'https://:slug/',
        'https://a:slug/',
        'https://a.:slug/',
        'http://a:99999/',
        'HTTPS://a/',
        '/a b',
        '/关',
        '/a\r\nset-cookie: a=b',
        '/:other',
        '/a?b=:other',
        `/${long}`,
      ],
      status: [200.5, '301', 300, 304, 401, 500, null],
      force: ['!', 1, undefined],
      query: [{}, [['a']], [['a', 'b c']], [['a', '']], [['a&b', 'c']], [[1, 'c']], Array(11).fill(['a', 'b'])],
    }).flatMap(([field, values]) =>
      values.map(
        (value) =>
          [
            `a redirect with ${field} ${String(JSON.stringify(value)).slice(0, 40)}`,
            withRedirect({ [field]: value }),
          ] as const,
      ),
    ),
    ['a rewrite to another server', withRedirect({ to: 'https://example.com/', status: 200 })],
    ['a page for 404 on another server', withRedirect({ to: 'https://example.com/', status: 404 })],
    ['a rewrite that is not percent-encoded', withRedirect({ to: '/100%', status: 200 })],
    ['a header rule that is text', { redirects: [], headers: ['/*'] }],
    ['a header rule for no path', withHeader({ for: undefined })],
    ['a header rule for a bad path', withHeader({ for: 'https://a/*' })],
    ...['X-Upper', '', 'a b', 'a:b', 'a\r\nb', 'ä', 7, null].map(
      (name) => [`the header name ${JSON.stringify(name)}`, withHeader({ set: [[name, 'x']] })] as const,
    ),
    ...(
      'set-cookie location content-length content-encoding transfer-encoding connection keep-alive te upgrade etag date server via ' +
      'basic-auth strict-transport-security x-content-type-options cdn-cache-control x-miaobu-deployment x-accel-redirect proxy-status'
    )
      .split(' ')
      .map((name) => [`the header ${name}`, withHeader({ set: [[name, 'x']] })] as const),
    ...['', 'a\r\nb: c', 'a\nb', 'a\0', 'ä', '\t', 7, 'x'.repeat(4001)].map(
      (value) => [`the value ${JSON.stringify(value).slice(0, 20)}`, withHeader({ set: [['x-a', value]] })] as const,
    ),
    ['a header taken back that is none', withHeader({ unset: ['a b'] })],
    ['too many redirects', { redirects: Array(2001).fill(redirect), headers: [] }],
    ['too many header rules', { redirects: [], headers: Array(501).fill(header) }],
    ['too many headers in a rule', withHeader({ set: Array(51).fill(['x-a', 'b']) })],
    ['too much in all', { redirects: [], headers: Array(100).fill({ ...header, set: [['x-a', 'x'.repeat(2000)]] }) }],
  ];
  test.each(refused)('are refused with a sentence: %s', (_, rules) => {
    expect(() => manifestWith(rules)).toThrow(ManifestError);
  });

  test.each([
    [{ redirects: Array(2001).fill(redirect), headers: [] }, 'there are 2001 redirects; the limit is 2000'],
    [
      withHeader({ set: [['set-cookie', 'a=b']] }),
      'header rule 1 may not have "set-cookie": a static site sets no cookies',
    ],
    [withRedirect({ from: '/a*b*c' }), 'the path of redirect 1 has more than one *'],
    [withRedirect({ to: '/x/:nobody' }), 'the target of redirect 1 has :nobody, which the path does not have'],
  ])('are refused saying why', (rules, message) => {
    expect(() => manifestWith(rules)).toThrow(message);
  });
});
