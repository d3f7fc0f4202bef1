/** Malicious rules and visitors: S-E5 (no split header), and that a site's rules lead nowhere its owner did not write. */
import { type EdgeRoute, shardKey, TABLE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import type { RedirectRule } from '@miaobu/shared/contracts/routing-rules';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deploymentId, imitateEdge } from './testing/imitated-edge.ts';

const HOST = 'blog.sites.example';

function site(from: string, to: string, more: Partial<RedirectRule> = {}) {
  const edge = imitateEdge();
  edge.deploy({
    files: { 'index.html': 'home', 'secret.html': 'secret' },
    rules: { redirects: [{ from, to, status: 301, force: true, ...more }] },
  });
  return edge;
}

/** Where a browser goes. */
async function destination(edge: ReturnType<typeof site>, path: string): Promise<URL | undefined> {
  const url = `http://${HOST}${path}`;
  const location = (await edge.visit(url)).headers.get('location');
  return location === null ? undefined : new URL(location, url);
}

describe('a redirect to a path of the site stays on the site, whatever the visitor writes', () => {
  test.each([
    '/go//evil.example',
    '/go///evil.example/',
    '/go//evil.example%2F..',
    '/go/%2Fevil.example',
    '/go/%5Cevil.example',
    '/go/\\evil.example',
    '/go/https://evil.example',
    '/go/@evil.example',
    '/go/%09/evil.example',
    '/go//%0A/evil.example',
    '/go/?next=//evil.example',
  ])('%s', async (path) => {
    for (const target of ['/:splat', '/a/../:splat', '/x:splat']) {
      const { hostname } = (await destination(site('/go/*', target), path)) ?? { hostname: HOST };
      expect(hostname).toBe(HOST);
    }
  });

  test.each(['//evil.example', '//evil.example/', '//evil.example/index.html', '//evil.example/a.html'])(
    '%s, where another form of the address is wanted',
    async (path) => {
      for (const trailingSlash of [true, false]) {
        const edge = imitateEdge();
        edge.deploy({ files: { 'index.html': 'home' }, rules: { cleanUrls: true, trailingSlash } });
        const { hostname } = (await destination(edge, path)) ?? { hostname: HOST };
        expect(hostname).toBe(HOST);
      }
    },
  );

  test('a captured parameter neither leaves the site nor adds a segment', async () => {
    const edge = site('/go', '/:to', { query: [['to', ':to']] });
    for (const to of [
      '/evil.example',
      '//evil.example',
      'https://evil.example',
      '\\evil.example',
      '\r\n//evil.example',
    ]) {
      const found = await destination(edge, `/go?to=${encodeURIComponent(to)}`);
      expect([found?.hostname, found?.pathname.lastIndexOf('/')]).toEqual([HOST, 0]);
    }
  });

  test('a whole URL keeps its server', async () => {
    const edge = site('/*', 'https://shop.example/:splat');
    for (const path of ['/@evil.example/', '/.evil.example', '//evil.example', '/:443@evil.example']) {
      expect((await destination(edge, path))?.hostname).toBe('shop.example');
    }
  });
});

test('S-E5: no header has anything of a visitor but printable ASCII, and none is added', async () => {
  const edge = imitateEdge();
  edge.deploy({
    files: { 'index.html': 'home' },
    rules: {
      redirects: [
        { from: '/r/*', to: '/:splat?a=:splat#:splat', status: 302, force: true },
        { from: '/q', to: '/:v?v=:v', query: [['v', ':v']], status: 302, force: true },
        { from: '/h/*', to: '/index.html', status: 200, force: true },
      ],
      headers: [{ for: '/h/*', set: [['x-echo', 'is ":splat"']], unset: [] }],
    },
  });
  const names = async (path: string) => {
    const { headers } = await edge.visit(path);
    for (const [name, value] of headers) expect([name, value]).toEqual([name, expect.stringMatching(/^[\x20-\x7e]*$/)]);
    return [...headers.keys()];
  };
  const [redirect, echo] = [await names('/r/x'), await names('/h/x')];
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\r\nset-cookie: a=b', '"', '关', "';", '\u2028'),
  );
  await fc.assert(
    fc.asyncProperty(text, async (written) => {
      const encoded = encodeURIComponent(written);
      const refused = (await edge.visit(`/r/${encoded}`)).status === 400;
      if (!refused) {
        expect(await names(`/r/${encoded}`)).toEqual(redirect);
        expect(await names(`/h/${encoded}`)).toEqual(echo);
        const { headers } = await edge.visit(`/h/${encoded}`);
        expect(headers.get('x-echo')).toMatch(/^is "[\w%/.~-]*"$/);
      }
      expect(await names(`/q?v=${encoded}`)).toEqual(redirect);
    }),
    { numRuns: 200 },
  );
}, 30_000);

test('whatever the rules and the path, a visit ends with an answer, and redirects within the site stay on it', async () => {
  const part = fc.constantFrom('a', 'b', ':x', ':y', '*', '**', 'a*', '*.html', 'index.html', 'index');
  const from = fc.array(part, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
  const target = fc.array(fc.constantFrom('a', ':x', ':splat', '..', '', ':x.:y'), { maxLength: 4 });
  const redirect = fc.record({
    from,
    to: target.map((parts) => `/${parts.join('/')}`),
    status: fc.constantFrom(200, 301, 404, 308),
    force: fc.boolean(),
  });
  const path = fc
    .array(fc.constantFrom('a', 'b', '', '..', 'evil.example', 'x.html', '%2F', '%E5', '%20', 'index.html'), {
      maxLength: 5,
    })
    .map((parts) => `/${parts.join('/')}`);
  await fc.assert(
    fc.asyncProperty(redirect, path, fc.option(fc.boolean()), async (rule, visited, slash) => {
      const edge = imitateEdge();
      const rules = {
        redirects: [rule as RedirectRule],
        cleanUrls: slash === true,
        ...(slash !== null && { trailingSlash: slash }),
      };
      try {
        edge.deploy({ files: { 'index.html': 'home', 'a/b.html': 'b' }, rules });
      } catch {
        return;
      }
      const response = await edge.visit(`http://${HOST}${visited}`);
      expect(edge.log).toEqual([]);
      expect([200, 301, 308, 400, 404]).toContain(response.status);
      const location = response.headers.get('location');
      if (location) expect(new URL(location, `http://${HOST}${visited}`).hostname).toBe(HOST);
    }),
    { numRuns: 300 },
  );
}, 30_000);

test('what is rewritten to is a file of this deployment and nothing else', async () => {
  const edge = site('/show/*', '/:splat', { status: 200 });
  for (const path of ['/show/projects/shop/blobs/x', '/show//etc/passwd', '/show/x']) {
    expect((await edge.visit(path)).status).toBe(404);
  }
  expect(edge.subRequests).toEqual([]);
  expect(await (await edge.visit('/show/secret')).text()).toBe('secret');
});

test.each([
  ['a rule that is none', { redirects: [null], headers: [] }],
  ['a pattern that is none', { redirects: [{ from: 'a**b*', to: '/', status: 301, force: true }], headers: [] }],
  [
    'a target on another server',
    { redirects: [{ from: '/', to: '//evil.example', status: 301, force: true }], headers: [] },
  ],
  ['rules that lead to the first shard in the first shard', true],
  ['no list of headers', { redirects: [] }],
])('a routing table with %s is a 503 that is logged', async (_, rules) => {
  const edge = imitateEdge();
  const route: EdgeRoute = edge.deploy({ files: { 'index.html': 'home' } });
  const key = `${TABLE_NAMESPACE}/${shardKey(route.deployment_id, 0)}`;
  edge.kv.set(key, JSON.stringify({ ...JSON.parse(edge.kv.get(key) ?? ''), rules }));
  expect((await edge.visit('/')).status).toBe(503);
  expect(edge.log[0]).toMatchObject({ event: 'table_unreadable', deployment_id: deploymentId('one') });
});
