import type { RedirectRule, RoutingRules } from '@miaobu/shared/contracts/routing-rules';
import { describe, expect, test } from 'vitest';
import { A_BROWSER, deploymentId, imitateEdge } from './testing/imitated-edge.ts';

const PAGES = {
  'index.html': 'home',
  '404.html': 'nothing here',
  'about.html': 'about',
  'blog/index.html': 'blog',
  'blog/first.html': 'first',
  'en/404.html': 'nothing in English',
  'closed.html': 'closed',
};
type Files = Parameters<ReturnType<typeof imitateEdge>['deploy']>[0]['files'];

function site(rules: Partial<RoutingRules>, more: { spa?: boolean; files?: Files } = {}) {
  const edge = imitateEdge();
  edge.deploy({ files: PAGES, rules, ...more });
  return edge;
}

/** `/from /to 301!`, as in `_redirects`. */
function rule(line: string): RedirectRule {
  const [from = '', ...parts] = line.split(' ');
  const query = parts.filter((part) => /^\w+=/.test(part)).map((it) => it.split('=') as [string, string]);
  const [to = '', status = '301'] = parts.filter((part) => !/^\w+=/.test(part));
  const parsed = {
    from,
    to,
    status: Number.parseInt(status, 10) as RedirectRule['status'],
    force: status.endsWith('!'),
  };
  return query.length > 0 ? { ...parsed, query } : parsed;
}

async function outcome(lines: string, path: string): Promise<string> {
  const edge = site({ redirects: lines.split('\n').map((line) => rule(line.trim())) });
  const response = await edge.visit(path, { headers: A_BROWSER });
  const location = response.headers.get('location');
  const shown = location ?? (await response.text());
  return `${response.status} ${shown}`;
}

describe('redirects and rewrites', () => {
  test.each([
    ['/home / 301', '/home', '301 /'],
    ['/home / 302', '/home', '302 /'],
    ['/home / 303', '/home', '303 /'],
    ['/home / 307', '/home', '307 /'],
    ['/home / 308', '/home', '308 /'],
    ['/home /about 301', '/home/', '301 /about'],
    ['/shop https://shop.example/cart', '/shop', '301 https://shop.example/cart'],
    ['/shop https://shop.example', '/shop', '301 https://shop.example/'],
    ['/store /closed 404', '/store', '404 closed'],
    ['/story /blog/first 200', '/story', '200 first'],
    ['/all /blog 200', '/all', '200 blog'],
    ['/* /index.html 200', '/any/thing', '200 home'],
    ['/* /index.html 200', '/about', '200 about'],
    ['/* /index.html 200!', '/about', '200 home'],
    ['/en/* /en/404.html 404', '/en/lost', '404 nothing in English'],
    ['/news/* /blog/:splat', '/news/2026/01/hello', '301 /blog/2026/01/hello'],
    ['/news/* /blog/:splat', '/news', '301 /blog/'],
    ['/news/:y/:m/:s /blog/:y-:m/:s', '/news/2026/01/hello', '301 /blog/2026-01/hello'],
    ['/p/:code/:name /goods?code=:code&name=:name', '/p/1/tea%26cup', '301 /goods?code=1&name=tea%26cup'],
    ['/page /about#team', '/page', '301 /about#team'],
    ['/page /about#team', '/page?a=1', '301 /about?a=1#team'],
    ['/caf%C3%A9 /about'.replace('%C3%A9', 'é'), '/caf%C3%A9', '301 /about'],
    ['/a /about\n/a /blog', '/a', '301 /about'],
    ['/blog/* /about\n/blog/new /blog/first', '/blog/new', '301 /about'],
    // Without force, a file comes first; with it, the rule.
    ['/about /blog/', '/about', '200 about'],
    ['/about /blog/ 301!', '/about', '301 /blog/'],
    ['/blog /about', '/blog', '308 /blog/'],
    ['/blog /about 301!', '/blog', '301 /about'],
    ['/lost /missing 200', '/lost', '404 nothing here'],
    // A rule may add or remove a trailing slash, and does not loop.
    ['/trailing /trailing/', '/trailing', '301 /trailing/'],
    ['/trailing /trailing/', '/trailing/', '404 nothing here'],
    ['/less/ /less', '/less/', '301 /less'],
    ['/less/ /less', '/less', '404 nothing here'],
    // No rule leads to another rule, or to itself.
    ['/a /b 200\n/b /about 200', '/a', '404 nothing here'],
    ['/a /a', '/a', '404 nothing here'],
    ['/* /:splat 301!', '/about', '200 about'],
    ['/* http://blog.sites.example/:splat 301!', '/about', '200 about'],
    ['/* https://blog.sites.example/:splat 301!', '/about', '301 https://blog.sites.example/about'],
  ])('with %j, %s is %s', async (lines, path, expected) => {
    expect(await outcome(lines, path)).toBe(expected);
  });

  test.each([
    ['/a /about', '/a?x=1&y=%2F', '301 /about?x=1&y=%2F'],
    ['/a /about?own=1', '/a?x=1', '301 /about?own=1'],
    ['/store id=:id /goods/:id', '/store?id=a/b', '301 /goods/a%2Fb'],
    ['/store id=:id /goods/:id', '/store?id=7&page=2', '301 /goods/7?page=2'],
    ['/store id=:id /goods/:id', '/store?id=', '301 /goods/'],
    ['/store id=:id /goods/:id', '/store', '404 nothing here'],
    ['/store id=7 /about', '/store?id=7', '301 /about'],
    ['/store id=7 /about', '/store?id=8', '404 nothing here'],
    ['/store id=:id tag=:tag /:tag/:id\n/store id=:id /all/:id', '/store?tag=t&id=1', '301 /t/1'],
    ['/store id=:id tag=:tag /:tag/:id\n/store id=:id /all/:id', '/store?id=1', '301 /all/1'],
  ])('with %j, the query of %s gives %s', async (lines, path, expected) => {
    expect(await outcome(lines, path)).toBe(expected);
  });

  test('a redirect is revalidated after the next deployment, names it, and answers HEAD too', async () => {
    const edge = site({ redirects: [rule('/a /about 301')], headers: [{ for: '/*', set: [['x-a', 'b']], unset: [] }] });
    for (const method of ['GET', 'HEAD']) {
      const response = await edge.visit('/a', { method });
      expect(Object.fromEntries(response.headers)).toEqual({
        'cache-control': 'public, max-age=0, must-revalidate',
        location: '/about',
        'x-content-type-options': 'nosniff',
        'x-miaobu-deployment': deploymentId('one'),
      });
    }
  });

  test('a rule comes before what a single-page app shows everywhere', async () => {
    const edge = site({ redirects: [rule('/old /about')] }, { spa: true });
    expect((await edge.visit('/old', { headers: A_BROWSER })).headers.get('location')).toBe('/about');
    expect(await (await edge.visit('/other', { headers: A_BROWSER })).text()).toBe('home');
  });

  test('what is rewritten has conditions and ranges like every file', async () => {
    const edge = site({ redirects: [rule('/* /index.html 200')] });
    const etag = (await edge.visit('/x')).headers.get('etag') ?? '';
    expect((await edge.visit('/x', { headers: { 'if-none-match': etag } })).status).toBe(304);
    expect(await (await edge.visit('/x', { headers: { range: 'bytes=0-1' } })).text()).toBe('ho');
  });
});

describe('cleanUrls and trailingSlash', () => {
  test.each([
    [{ cleanUrls: true }, '/about.html?a=1', '308 /about?a=1'],
    [{ cleanUrls: true }, '/index.html', '308 /'],
    [{ cleanUrls: true }, '/index', '308 /'],
    [{ cleanUrls: true }, '/blog/index.html', '308 /blog/'],
    [{ cleanUrls: true }, '/about', '200 about'],
    [{ cleanUrls: true }, '/blog/', '200 blog'],
    [{ cleanUrls: false }, '/about.html', '200 about'],
    [{ trailingSlash: false }, '/blog', '200 blog'],
    [{ trailingSlash: false }, '/blog/?a=1', '308 /blog?a=1'],
    [{ trailingSlash: false }, '/about/', '308 /about'],
    [{ trailingSlash: false }, '/', '200 home'],
    [{ trailingSlash: true }, '/about', '308 /about/'],
    [{ trailingSlash: true }, '/about/', '200 about'],
    [{ trailingSlash: true }, '/blog/', '200 blog'],
    [{ trailingSlash: true }, '/about.html', '200 about'],
    [{ trailingSlash: true }, '/about.html/', '308 /about.html'],
    [{ trailingSlash: true }, '/.well-known/x', '404 nothing here'],
    [{ trailingSlash: true }, '/', '200 home'],
    [{ trailingSlash: true, cleanUrls: true }, '/about.html', '308 /about/'],
    [{ trailingSlash: false, cleanUrls: true }, '/blog/index.html', '308 /blog'],
  ])('with %j, %s is %s', async (rules, path, expected) => {
    const response = await site(rules).visit(path);
    expect(`${response.status} ${response.headers.get('location') ?? (await response.text())}`).toBe(expected);
  });
});

test('a site without rules reads nothing more, one with rules reads them once per isolate', async () => {
  const plain = site({});
  await plain.visit('/about');
  await plain.visit('/lost');
  const ruled = site({ redirects: [rule('/a /b')] });
  await ruled.visit('/a');
  await ruled.visit('/about');
  // The route with every visit, the only shard once.
  expect(plain.reads).toHaveLength(3);
  expect(ruled.reads).toHaveLength(3);
});

test('every shard of a large site leads to the rules in the first, which are read once', async () => {
  const files = Object.fromEntries(Array.from({ length: 4000 }, (_, n) => [`page-${n}.html`, 'same']));
  const edge = imitateEdge();
  const { shards } = edge.deploy({ files, rules: { redirects: [rule('/old/* /page-:splat')] } });
  expect(shards).toBeGreaterThan(1);
  for (let n = 0; n < 50; n++) {
    expect((await edge.visit(`/old/${n}`)).headers.get('location')).toBe(`/page-${n}`);
  }
  const tables = edge.reads.filter((key) => key.startsWith('miaobu-tables/'));
  expect(new Set(tables).size).toBe(tables.length);
});

test('another deployment has its own rules, or none', async () => {
  const edge = site({ redirects: [rule('/a /about')] });
  expect((await edge.visit('/a')).status).toBe(301);
  edge.deploy({ id: deploymentId('two'), files: PAGES });
  expect((await edge.visit('/a')).status).toBe(404);
});
