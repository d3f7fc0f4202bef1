import type { HeaderRule, RedirectRule } from '@miaobu/shared/contracts/routing-rules';
import { describe, expect, test } from 'vitest';
import { A_BROWSER, imitateEdge } from './testing/imitated-edge.ts';

const REVALIDATE = 'public, max-age=0, must-revalidate';
const FILES = {
  'index.html': 'home',
  '404.html': 'nothing here',
  'secure/page.html': 'secure',
  'static/photo.jpg': 'pixels',
  'static/app.js': { content: 'run()', compressed: true },
  'app.8f3a9b2c.js': 'hashed',
  'movies/Alien.html': 'film',
};

/** Blocks as in `_headers`: a path, then `name: value` or `! name`, each after two spaces. */
function headerRules(text: string): HeaderRule[] {
  const blocks: { for: string; set: [string, string][]; unset: string[] }[] = [];
  for (const line of text.split('\n').filter(Boolean)) {
    if (!line.startsWith(' ')) blocks.push({ for: line, set: [], unset: [] });
    else if (line.trim().startsWith('! ')) blocks.at(-1)?.unset.push(line.trim().slice(2));
    else {
      const [name = '', value = ''] = line.trim().split(/: (.*)/);
      blocks.at(-1)?.set.push([name, value]);
    }
  }
  return blocks;
}

function site(text: string, { spa = false, redirects = [] as RedirectRule[] } = {}) {
  const edge = imitateEdge();
  edge.deploy({ files: FILES, spa, rules: { headers: headerRules(text), redirects } });
  return edge;
}

const EXAMPLE = `
/secure/page
  x-frame-options: DENY
  referrer-policy: no-referrer
/static/*
  access-control-allow-origin: *
  x-robots-tag: nosnippet
/*
  x-robots-tag: noindex
  content-security-policy: default-src 'self'
/*.jpg
  ! content-security-policy
/movies/:title
  x-film: "You watch :title"
`;

describe('headers of a site', () => {
  test.each([
    ['/secure/page', 'x-frame-options', 'DENY'],
    ['/secure/page', 'referrer-policy', 'no-referrer'],
    ['/secure/page', 'x-robots-tag', 'noindex'],
    ['/secure/page/', 'x-frame-options', null],
    ['/static/photo.jpg', 'access-control-allow-origin', '*'],
    ['/static/photo.jpg', 'x-robots-tag', 'nosnippet, noindex'],
    ['/static/photo.jpg', 'content-security-policy', null],
    ['/static/app.js', 'content-security-policy', "default-src 'self'"],
    ['/', 'x-frame-options', null],
    ['/movies/Alien', 'x-film', '"You watch Alien"'],
    ['/nowhere', 'x-robots-tag', 'noindex'],
  ])('%s has for %s: %s', async (path, name, value) => {
    expect((await site(EXAMPLE).visit(path)).headers.get(name)).toBe(value);
  });

  test('of a header with one value, the later rule counts', async () => {
    const edge = site('/*\n  cache-control: no-cache\n/static/*\n  cache-control: max-age=600');
    expect((await edge.visit('/static/photo.jpg')).headers.get('cache-control')).toBe('max-age=600');
    expect((await edge.visit('/')).headers.get('cache-control')).toBe('no-cache');
  });

  test('GET, HEAD, 304, a part and the page for 404 have them; redirects and pages of the platform have not', async () => {
    const edge = site('/*\n  x-mine: yes', {
      redirects: [{ from: '/old', to: '/', status: 301, force: false }],
    });
    const visits = await Promise.all([
      edge.visit('/static/app.js'),
      edge.visit('/static/app.js', { method: 'HEAD' }),
      edge.visit('/static/app.js', { headers: { 'if-none-match': '*' } }),
      edge.visit('/static/app.js', { headers: { range: 'bytes=0-1' } }),
      edge.visit('/nowhere'),
      edge.visit('/old'),
      edge.visit('/secure/page/'),
      edge.visit('/static/app.js', { headers: { range: 'bytes=99-' } }),
      edge.visit('/static/app.js', { headers: { 'if-match': '"other"' } }),
      edge.visit('/', { method: 'POST' }),
    ]);
    expect(visits.map(({ status, headers }) => [status, headers.get('x-mine')])).toEqual([
      [200, 'yes'],
      [200, 'yes'],
      [304, 'yes'],
      [206, 'yes'],
      [404, 'yes'],
      [301, null],
      [308, null],
      [416, null],
      [412, null],
      [405, null],
    ]);
  });

  test('a type can be another, but not that of a page shown in place of a file; a 304 has none', async () => {
    const edge = site('/static/*\n  content-type: text/plain');
    const type = async (path: string, headers = {}) =>
      (await edge.visit(path, { headers })).headers.get('content-type');
    expect(await type('/static/photo.jpg')).toBe('text/plain');
    expect(await type('/static/missing')).toBe('text/html; charset=utf-8');
    expect(await type('/static/photo.jpg', { 'if-none-match': '*' })).toBeNull();
  });

  test('what an answer varies by is added to, never replaced', async () => {
    expect((await site('/*\n  vary: Origin').visit('/static/app.js')).headers.get('vary')).toBe(
      'Accept-Encoding, Origin',
    );
  });

  test("HTTPS and nosniff stay the platform's", async () => {
    const { headers } = await site('/*\n  x-mine: yes').visit('https://blog.sites.example/');
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('a Cache-Control of the site', () => {
  const FOR_GOOD = 'public, max-age=31536000, immutable';
  const rewrite: RedirectRule = { from: '/*', to: '/index.html', status: 200, force: false };

  test('counts for files, hashed names too', async () => {
    const edge = site('/*\n  cache-control: max-age=60');
    for (const path of ['/', '/app.8f3a9b2c.js']) {
      expect((await edge.visit(path)).headers.get('cache-control')).toBe('max-age=60');
    }
    const notModified = await edge.visit('/', { headers: { 'if-none-match': '*' } });
    expect(notModified.headers.get('cache-control')).toBe('max-age=60');
  });

  test.each([
    ['the page for 404', {}, 404],
    ['the page of a single-page app', { spa: true }, 200],
    ['a rewrite', { redirects: [rewrite] }, 200],
  ])('lets no browser keep %s under the name of an asset that is gone', async (_, options, status) => {
    const edge = site(`/assets/*\n  cache-control: ${FOR_GOOD}`, options);
    const gone = await edge.visit('/assets/old', { headers: A_BROWSER });
    expect([gone.status, gone.headers.get('cache-control')]).toEqual([status, REVALIDATE]);
  });

  test.each(['no-store', 'private, no-cache'])('of %s counts everywhere', async (value) => {
    const edge = site(`/*\n  cache-control: ${value}`, { redirects: [rewrite] });
    expect((await edge.visit('/any')).headers.get('cache-control')).toBe(value);
  });
});
