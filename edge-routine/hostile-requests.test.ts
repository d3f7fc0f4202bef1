/** The statements of the security checklist (edge, S-E…) that concern static sites; S-E2 is in decode-site-path.test.ts. */
import { describe, expect, test } from 'vitest';
import { A_BROWSER, deploymentId, imitateEdge } from './testing/imitated-edge.ts';

function aSite() {
  const edge = imitateEdge();
  edge.deploy({ files: { 'index.html': 'home', 'pic.svg': { content: '<svg/>', type: 'image/svg+xml' } } });
  return edge;
}

describe('S-E1: every spelling of a hostname is the same tenant, every other name is nobody', () => {
  test.each([
    'http://BLOG.Sites.Example/',
    'http://blog.sites.example./',
    'http://blog.sites.example:8080/',
    'http://BLOG.sites.example.:8080/',
    'http://blog%2Esites.example/',
    'http://ｂｌｏｇ.sites.example/',
  ])('%s is the site', async (url) => {
    expect(await (await aSite().visit(url)).text()).toBe('home');
  });

  test('an internationalised name is looked up in punycode', async () => {
    const edge = imitateEdge();
    edge.deploy({ hostname: 'xn--nmzu68b.example', files: { 'index.html': '秒部' } });
    expect(await (await edge.visit('http://秒部.example/')).text()).toBe('秒部');
  });

  test.each([
    'http://unknown.example/',
    'http://blog.sites.example../',
    'http://sites.example/',
    'http://x.blog.sites.example/',
    'http://[::1]/',
    'http://127.0.0.1/',
    'http://under_score.example/',
    'http://a..example/',
    `http://${'a.'.repeat(126)}toolong/`,
  ])('%s is a 404 page that does not repeat the name', async (url) => {
    const response = await aSite().visit(url);
    const page = await response.text();
    expect(response.status).toBe(404);
    expect(page).toContain('No such deployment');
    expect(page).toContain('这里没有部署');
    expect(page).not.toContain(new URL(url).hostname);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-miaobu-deployment')).toBeNull();
  });

  test('a name KV could not hold is not looked up', async () => {
    const edge = aSite();
    await edge.visit('http://[::1]/');
    await edge.visit('http://under_score.example/');
    expect(edge.reads).toEqual([]);
  });

  test('a Host header that contradicts the URL chooses nothing', async () => {
    const edge = aSite();
    edge.deploy({
      hostname: 'shop.sites.example',
      slug: 'shop',
      id: deploymentId('shop'),
      files: { 'index.html': 'shop' },
    });
    const headers = { host: 'shop.sites.example', 'x-forwarded-host': 'shop.sites.example' };
    expect(await (await edge.visit('/', { headers })).text()).toBe('home');
  });
});

/** Headers that visitors or intermediate proxies may send and no answer may depend on. */
const UNKEYED = [
  'cookie authorization proxy-authorization x-forwarded-for x-forwarded-host x-forwarded-proto x-forwarded-port',
  'x-forwarded-scheme x-forwarded-server x-forwarded-prefix x-real-ip x-client-ip true-client-ip cf-connecting-ip',
  'ali-cdn-real-ip forwarded via x-host x-original-url x-original-host x-rewrite-url x-http-method-override',
  'x-http-method x-method-override x-http-host-override x-fc-invocation-type x-fc-log-type x-fc-request-id',
  'x-mb-deployment x-miaobu-deployment x-oss-process x-oss-security-token origin referer user-agent accept-language',
  'accept-charset if-modified-since if-unmodified-since cache-control pragma purpose sec-fetch-mode x-wap-profile',
  'content-type expect max-forwards x-amz-website-redirect-location',
].flatMap((line) => line.split(' '));

test('S-E3: nothing a visitor sends reaches the bucket except a range', async () => {
  const edge = aSite();
  const headers = Object.fromEntries(UNKEYED.map((name) => [name, 'marker']));
  await edge.visit('/?marker', { headers: { ...headers, ...A_BROWSER, range: 'bytes=1-2', 'accept-encoding': 'br' } });
  const [request] = edge.subRequests;
  expect(request?.method).toBe('GET');
  expect(request?.body).toBeNull();
  expect(request?.redirect).toBe('manual');
  expect(Object.fromEntries(request?.headers ?? [])).toEqual({ 'accept-encoding': 'identity', range: 'bytes=1-2' });
});

test('S-E5: neither query nor path can split a header of a redirect', async () => {
  const edge = imitateEdge();
  edge.deploy({ files: { 'a/index.html': 'a' } });
  const response = await edge.visit('http://blog.sites.example/a?x=\r\nset-cookie:a=b&y=%0d%0aset-cookie:a=b');
  expect(response.headers.get('location')).toBe('/a/?x=set-cookie:a=b&y=%0d%0aset-cookie:a=b');
  expect(response.headers.get('set-cookie')).toBeNull();
});

test.each(UNKEYED)('S-E6: the header %s changes nothing in an answer', async (name) => {
  const edge = aSite();
  for (const path of ['/', '/missing', '/%00']) {
    const clean = await edge.visit(path);
    const marked = await edge.visit(path, { headers: { [name]: 'marker' } });
    expect(marked.status).toBe(clean.status);
    expect([...marked.headers]).toEqual([...clean.headers]);
    expect(await marked.text()).toBe(await clean.text());
  }
});

test('S-E6: a query changes nothing in an answer', async () => {
  const edge = aSite();
  const [clean, marked] = [await edge.visit('/'), await edge.visit('/?utm_source=marker&_method=DELETE')];
  expect([...marked.headers]).toEqual([...clean.headers]);
  expect(await marked.text()).toBe(await clean.text());
});

test('S-E9: a cookie of the bucket reaches nobody, and HTTPS is pinned without includeSubDomains', async () => {
  const response = await aSite().visit('https://blog.sites.example/');
  expect(response.headers.getSetCookie()).toEqual([]);
  expect(response.headers.get('strict-transport-security')).not.toMatch(/subdomains/i);
});

test('S-E11: no answer lets a browser guess its type', async () => {
  const edge = aSite();
  const answers = await Promise.all([
    edge.visit('/'),
    edge.visit('/pic.svg'),
    edge.visit('/pic.svg', { headers: { range: 'bytes=0-1' } }),
    edge.visit('/pic.svg', { headers: { 'if-none-match': '*' } }),
    edge.visit('/missing'),
    edge.visit('/', { method: 'POST' }),
    edge.visit('http://unknown.example/'),
  ]);
  expect(answers.map((response) => response.headers.get('x-content-type-options'))).toEqual(Array(7).fill('nosniff'));
  expect(answers[1]?.headers.get('content-type')).toBe('image/svg+xml');
});

describe('S-E12', () => {
  test.each('POST PUT PATCH DELETE OPTIONS TRACE CONNECT TRACK PROPFIND get BREW'.split(' '))(
    '%s is a 405 that names what is allowed, and reads nothing',
    async (method) => {
      const edge = aSite();
      const response = await edge.visit('/', { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe('GET, HEAD');
      expect([...edge.reads, ...edge.subRequests]).toEqual([]);
    },
  );

  test('a WebSocket upgrade is a 400; another upgrade is ignored', async () => {
    const status = async (upgrade: string) =>
      (await aSite().visit('/', { headers: { connection: 'upgrade', upgrade } })).status;
    expect(await status('websocket')).toBe(400);
    expect(await status('WebSocket')).toBe(400);
    expect(await status('h2c')).toBe(200);
  });
});

test('a page the edge writes itself runs nothing, is not cached, and has no body for HEAD', async () => {
  const edge = aSite();
  const page = await edge.visit('/missing');
  const head = await edge.visit('/missing', { method: 'HEAD' });
  expect(page.headers.get('content-security-policy')).toBe("default-src 'none'; style-src 'unsafe-inline'");
  expect(page.headers.get('cache-control')).toBe('no-store');
  expect([...head.headers]).toEqual([...page.headers]);
  expect(head.body).toBeNull();
  expect((await page.arrayBuffer()).byteLength).toBe(Number(head.headers.get('content-length')));
});
