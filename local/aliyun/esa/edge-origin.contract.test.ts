import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../../tests/patience.ts';
import { listen } from '../../wire/emulator.ts';
import { type EdgeForTests, startEdgeForTests } from './start-edge-for-tests.ts';

const WWW = 'www.sites.localhost';
const FOR_AN_HOUR = { 'Cache-Control': 'public, max-age=3600' };

/** The essence of the platform's routine: the host's bucket answers, under another path. */
const REWRITING = `
  export default { async fetch(request) {
    const url = new URL(request.url);
    const decompress = url.searchParams.get('decompress') ?? 'manual';
    url.pathname = '/projects/blog' + url.pathname;
    url.search = '';
    return fetch(new Request(url, request), { decompress });
  } };`;

let edge: EdgeForTests;

beforeAll(async () => {
  edge = await startEdgeForTests();
  await edge.record('www');
  await edge.record('plain');
  await edge.record('*.wild');
  await edge.route(`http.host eq "${WWW}"`);
  await edge.publish(REWRITING);
  await edge.putObject('projects/blog/index.html', '<h1>中文</h1>', { 'Content-Type': 'text/html' });
  await vi.waitUntil(async () => (await visit('/index.html')).status === 200, PATIENCE);
});
afterAll(() => edge.close());

const visit = (path: string, headers: Record<string, string> = {}, more: { method?: string; host?: string } = {}) =>
  edge.visit({ host: WWW, path, headers, ...more });
const cacheStatus = async (path: string) => (await visit(path)).headers['x-site-cache-status'];
const purged = async () => {
  const request = new edge.models.DescribePurgeTasksRequest({ siteId: edge.siteId, status: 'Refreshing' });
  await expect.poll(async () => (await edge.client.describePurgeTasks(request)).body?.totalCount, PATIENCE).toBe(0);
};

test('a routine reads the private bucket behind its host', async () => {
  const unsigned = await fetch(`${edge.ossUrl}/pages/projects/blog/index.html`);
  expect(unsigned.status).toBe(403);
  expect(await visit('/index.html')).toMatchObject({
    status: 200,
    body: '<h1>中文</h1>',
    headers: { 'content-type': 'text/html' },
  });
  expect((await visit('/nothing.html')).status).toBe(404);
  expect((await visit('/index.html', {}, { method: 'HEAD' })).headers['content-length']).toBe('15');
  expect((await visit('/index.html', {}, { method: 'PUT' })).status).toBe(405);
});

test('names with spaces, signs and characters of other scripts reach the object', async () => {
  await edge.putObject('projects/blog/a b+c (1)/图.txt', 'found');
  expect((await visit(`/${encodeURIComponent('a b+c (1)')}/${encodeURIComponent('图.txt')}`)).body).toBe('found');
  expect((await visit('/%E0%A4%A')).status).toBe(400);
});

test('a host without a routine is answered by its bucket, also by a wildcard record', async () => {
  await edge.putObject('direct.txt', 'from the bucket');
  expect((await visit('/direct.txt', {}, { host: 'plain.sites.localhost' })).body).toBe('from the bucket');
  expect((await visit('/direct.txt', {}, { host: 'a.b.wild.sites.localhost' })).body).toBe('from the bucket');
  expect((await visit('/direct.txt', {}, { host: 'wild.sites.localhost' })).status).toBe(404);
});

test('a host that no site serves is 404', async () => {
  expect(await visit('/', {}, { host: 'nobody.example' })).toMatchObject({ status: 404 });
});

test('an object is kept for as long as Cache-Control says, and only then', async () => {
  await edge.putObject('projects/blog/kept.js', 'v1', FOR_AN_HOUR);
  await edge.putObject('projects/blog/asked-again.html', 'v1', {
    'Cache-Control': 'public, max-age=0, must-revalidate',
  });
  expect([await cacheStatus('/kept.js'), await cacheStatus('/kept.js')]).toEqual(['MISS', 'HIT']);
  expect([await cacheStatus('/asked-again.html'), await cacheStatus('/asked-again.html')]).toEqual(['MISS', 'MISS']);
  await edge.putObject('projects/blog/kept.js', 'v2', FOR_AN_HOUR);
  expect((await visit('/kept.js')).body).toBe('v1');
});

test.each([
  ['hostname', { hostnames: [WWW] }],
  ['file', { files: [`https://${WWW}/projects/blog/purged.js`] }],
  ['directory', { directories: [`http://${WWW}/projects/blog/`] }],
  ['purgeall', { purgeAll: true }],
])('a purge by %s makes the edge ask the bucket again', async (type, content) => {
  await edge.putObject('projects/blog/purged.js', 'old', FOR_AN_HOUR);
  await edge.purge('purgeall', { purgeAll: true });
  await purged();
  expect((await visit('/purged.js')).body).toBe('old');
  await edge.putObject('projects/blog/purged.js', 'new', FOR_AN_HOUR);
  expect((await visit('/purged.js')).body).toBe('old');
  await edge.purge('file', { files: [`http://${WWW}/projects/blog/other.js`] });
  await purged();
  expect((await visit('/purged.js')).body).toBe('old');
  await edge.purge(type, content);
  await purged();
  expect((await visit('/purged.js')).body).toBe('new');
});

test.each(['from the bucket', 'from the cache'])('ranges and conditions are answered %s', async (from) => {
  const path = from === 'from the cache' ? '/digits-kept.txt' : '/digits.txt';
  await edge.putObject(`projects/blog${path}`, '0123456789', from === 'from the cache' ? FOR_AN_HOUR : {});
  const whole = await visit(path);
  const etag = String(whole.headers.etag);
  expect(await visit(path, { range: 'bytes=2-4' })).toMatchObject({
    status: 206,
    body: '234',
    headers: { 'content-range': 'bytes 2-4/10', 'content-length': '3' },
  });
  expect((await visit(path, { range: 'bytes=-3' })).body).toBe('789');
  expect((await visit(path, { 'if-none-match': etag })).status).toBe(304);
  expect((await visit(path, { 'if-none-match': '"other"' })).status).toBe(200);
  const expected = from === 'from the cache' ? 'HIT' : 'MISS';
  expect(await cacheStatus(path)).toBe(expected);
});

test('compressed bytes pass untouched with decompress: manual; by default gzip is decoded and brotli is an error', async () => {
  const text = 'compressible '.repeat(100);
  await edge.putObject('projects/blog/a.gz', gzipSync(text), { 'Content-Encoding': 'gzip' });
  await edge.putObject('projects/blog/a.br', brotliCompressSync(text), { 'Content-Encoding': 'br' });
  const manual = await visit('/a.gz');
  expect(manual.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-length': String(gzipSync(text).length) });
  const decoded = await visit('/a.gz?decompress=decompress');
  expect(decoded.body).toBe(text);
  expect(decoded.headers).not.toHaveProperty('content-encoding');
  expect((await visit('/a.br')).headers).toMatchObject({ 'content-encoding': 'br' });
  expect((await visit('/a.br?decompress=decompress')).status).toBe(500);
  expect((await visit('/a.br?decompress=fallbackIdentity')).headers).toMatchObject({ 'content-encoding': 'br' });
});

test('when the routine fails, a route with fallback lets the origin answer; one with bypass never asks it', async () => {
  await edge.record('fallback');
  await edge.record('bypass');
  await edge.putObject('page.txt', 'from the origin');
  await edge.client.createRoutine(new edge.models.CreateRoutineRequest({ name: 'failing' }));
  const routine = { siteId: edge.siteId, routineName: 'failing' };
  for (const label of ['bypass', 'fallback']) {
    const route = { ...routine, rule: `http.host eq "${label}.sites.localhost"`, [label]: 'on' };
    await edge.client.createRoutineRoute(new edge.models.CreateRoutineRouteRequest(route));
  }
  const page = async (label: string) => (await visit('/page.txt', {}, { host: `${label}.sites.localhost` })).body;
  const failures = () => edge.log.filter((line) => line.startsWith('failing on GET')).join('\n');
  await expect
    .poll(async () => [await page('fallback'), failures()], PATIENCE)
    .toEqual(['from the origin', expect.stringContaining('//fallback.sites.localhost')]);
  expect(await page('bypass')).toBe('from the origin');
  expect(failures()).not.toContain('//bypass.sites.localhost');
});

test('another host is asked over the network, by its own name, and its redirects are followed', async () => {
  const origin = await listen({
    handle(request, response) {
      if (request.url === '/moved') response.writeHead(302, { location: '/here' }).end();
      else response.end(JSON.stringify({ ...request.headers, method: request.method }));
    },
  });
  await edge.client.createRoutine(new edge.models.CreateRoutineRequest({ name: 'proxy' }));
  await edge.publish(`export default { fetch: (request) => {
    const { pathname } = new URL(request.url);
    return fetch('http://app.localhost:${origin.port}' + pathname, { method: request.method, headers: request.headers, body: request.body });
  } };`);
  const proxied = async (path: string, method = 'GET', body?: string) =>
    JSON.parse((await edge.visit({ host: WWW, path, method, ...(body === undefined ? {} : { body }) })).body);
  await expect
    .poll(() => proxied('/').catch(() => ({})), PATIENCE)
    .toMatchObject({ host: `app.localhost:${origin.port}` });
  expect(await proxied('/moved')).toMatchObject({ method: 'GET', 'ali-real-client-ip': '127.0.0.1' });
  expect(await proxied('/', 'POST', 'a body')).toMatchObject({ method: 'POST', 'content-length': '6' });
  await origin.close();
  expect((await edge.visit({ host: WWW })).status).toBe(500);
  await edge.publish(REWRITING);
  await expect.poll(async () => (await visit('/index.html')).status, PATIENCE).toBe(200);
});
