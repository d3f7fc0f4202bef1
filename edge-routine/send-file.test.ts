import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { deploymentId, imitateEdge, sha256 } from './testing/imitated-edge.ts';

const TEXT = 'ten bytes!'.repeat(100);
const TAG = `"${sha256(TEXT)}"`;

function siteWith(compressed: boolean) {
  const edge = imitateEdge();
  edge.deploy({ files: { 'data.txt': { content: TEXT, type: 'text/plain; charset=utf-8', compressed } } });
  return edge;
}

describe('a file', () => {
  test('has the headers of the manifest and none of the bucket', async () => {
    const response = await siteWith(false).visit('/data.txt');
    expect(await response.text()).toBe(TEXT);
    expect(Object.fromEntries(response.headers)).toEqual({
      'accept-ranges': 'bytes',
      'cache-control': 'public, max-age=0, must-revalidate',
      'content-length': '1000',
      'content-type': 'text/plain; charset=utf-8',
      etag: TAG,
      'x-content-type-options': 'nosniff',
      'x-miaobu-deployment': deploymentId('one'),
    });
  });

  test('answers HEAD with the headers of GET, without a body and without the bucket', async () => {
    for (const compressed of [false, true]) {
      const edge = siteWith(compressed);
      const headers = { 'accept-encoding': 'br' };
      const got = await edge.visit('/data.txt', { headers });
      edge.subRequests.length = 0;
      const head = await edge.visit('/data.txt', { method: 'HEAD', headers });
      expect(head.status).toBe(200);
      expect(head.body).toBeNull();
      expect([...head.headers]).toEqual([...got.headers]);
      expect(edge.subRequests).toEqual([]);
    }
  });

  test('may be empty', async () => {
    const edge = imitateEdge();
    edge.deploy({ files: { 'empty.txt': '' } });
    const response = await edge.visit('/empty.txt');
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '0', '']);
  });
});

describe('encodings', () => {
  test.each([
    ['br', 'br', (body: Buffer) => brotliDecompressSync(body)],
    ['gzip, deflate', 'gzip', (body: Buffer) => gunzipSync(body)],
    ['gzip;q=1, br;q=0', 'gzip', (body: Buffer) => gunzipSync(body)],
    ['identity', null, (body: Buffer) => body],
  ])('Accept-Encoding: %s gets %s, with a length and an ETag of its own', async (accept, coding, decode) => {
    const edge = siteWith(true);
    const response = await edge.visit('/data.txt', { headers: { 'accept-encoding': accept } });
    const body = Buffer.from(await response.arrayBuffer());
    expect(decode(body).toString()).toBe(TEXT);
    expect(response.headers.get('content-encoding')).toBe(coding);
    expect(response.headers.get('content-length')).toBe(String(body.length));
    expect(response.headers.get('etag')).toBe(coding ? `"${sha256(TEXT)}-${coding}"` : TAG);
    expect(response.headers.get('vary')).toBe('Accept-Encoding');
    expect(edge.subRequests[0]?.headers.get('accept-encoding')).toBe('identity');
  });

  test('a file without twins is sent as it is, and does not vary', async () => {
    const response = await siteWith(false).visit('/data.txt', { headers: { 'accept-encoding': 'br, gzip' } });
    expect([response.headers.get('content-encoding'), response.headers.get('vary')]).toEqual([null, null]);
  });
});

describe('conditions', () => {
  test.each([
    [TAG, 304],
    [`W/${TAG}`, 304],
    [`"other", ${TAG}`, 304],
    ['*', 304],
    ['"other"', 200],
    [sha256(TEXT), 200],
    [`"${sha256(TEXT)}-br"`, 200],
  ])('If-None-Match: %s → %i', async (condition, status) => {
    const edge = siteWith(true);
    const response = await edge.visit('/data.txt', { headers: { 'if-none-match': condition } });
    expect(response.status).toBe(status);
    expect(edge.subRequests.length).toBe(status === 304 ? 0 : 1);
  });

  test('a 304 has no body, and the headers a cache has to renew', async () => {
    const response = await siteWith(true).visit('/data.txt', {
      headers: { 'if-none-match': `"${sha256(TEXT)}-br"`, 'accept-encoding': 'br' },
    });
    expect(response.status).toBe(304);
    expect(response.body).toBeNull();
    expect(Object.fromEntries(response.headers)).toEqual({
      'cache-control': 'public, max-age=0, must-revalidate',
      etag: `"${sha256(TEXT)}-br"`,
      vary: 'Accept-Encoding',
      'x-content-type-options': 'nosniff',
      'x-miaobu-deployment': deploymentId('one'),
    });
  });

  test('If-Match compares strongly', async () => {
    const status = async (condition: string) =>
      (await siteWith(false).visit('/data.txt', { headers: { 'if-match': condition } })).status;
    expect(await status(TAG)).toBe(200);
    expect(await status('*')).toBe(200);
    expect(await status(`W/${TAG}`)).toBe(412);
    expect(await status('"other"')).toBe(412);
  });

  test('If-Modified-Since is ignored: a file has no date', async () => {
    const headers = { 'if-modified-since': 'Fri, 31 Dec 2100 00:00:00 GMT' };
    expect((await siteWith(false).visit('/data.txt', { headers })).status).toBe(200);
  });

  test('two deployments with the same content share the ETag, one with other content does not', async () => {
    const edge = siteWith(false);
    edge.deploy({ id: deploymentId('two'), files: { 'data.txt': TEXT } });
    expect((await edge.visit('/data.txt', { headers: { 'if-none-match': TAG } })).status).toBe(304);
    edge.deploy({ id: deploymentId('three'), files: { 'data.txt': 'new' } });
    expect((await edge.visit('/data.txt', { headers: { 'if-none-match': TAG } })).status).toBe(200);
  });
});

describe('ranges', () => {
  test.each([
    ['bytes=0-9', 0, 9],
    ['bytes=990-', 990, 999],
    ['bytes=-10', 990, 999],
    ['bytes=995-5000', 995, 999],
    ['bytes=-5000', 0, 999],
  ])('%s is bytes %i to %i', async (range, first, last) => {
    const edge = siteWith(false);
    const response = await edge.visit('/data.txt', { headers: { range } });
    expect(response.status).toBe(206);
    expect(await response.text()).toBe(TEXT.slice(first, last + 1));
    expect(response.headers.get('content-range')).toBe(`bytes ${first}-${last}/1000`);
    expect(response.headers.get('content-length')).toBe(String(last - first + 1));
    expect(response.headers.get('etag')).toBe(TAG);
    expect(edge.subRequests[0]?.headers.get('range')).toBe(`bytes=${first}-${last}`);
  });

  test.each(['bytes=1000-', 'bytes=1000-2000', 'bytes=-0'])('%s is outside: 416 with the size', async (range) => {
    const edge = siteWith(false);
    const response = await edge.visit('/data.txt', { headers: { range } });
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe('bytes */1000');
    expect(edge.subRequests).toEqual([]);
  });

  test.each(['bytes=5-2', 'bytes=0-1,5-6', 'lines=1-2', 'bytes=', 'bytes=-', 'bytes=a-b', 'bytes=+1-2'])(
    '%s is ignored: the whole file',
    async (range) => {
      const edge = siteWith(false);
      const response = await edge.visit('/data.txt', { headers: { range } });
      expect([response.status, response.headers.get('content-length')]).toEqual([200, '1000']);
      expect(edge.subRequests[0]?.headers.has('range')).toBe(false);
    },
  );

  test('If-Range sends a part only of the same file that the visitor has a part of', async () => {
    const status = async (condition: string) =>
      (await siteWith(false).visit('/data.txt', { headers: { range: 'bytes=0-9', 'if-range': condition } })).status;
    expect(await status(TAG)).toBe(206);
    expect(await status(`W/${TAG}`)).toBe(200);
    expect(await status('"other"')).toBe(200);
    expect(await status('Fri, 31 Dec 2100 00:00:00 GMT')).toBe(200);
  });

  test('a part of a compressed file is a part of its compressed bytes', async () => {
    const edge = siteWith(true);
    const headers = { 'accept-encoding': 'gzip' };
    const whole = Buffer.from(await (await edge.visit('/data.txt', { headers })).arrayBuffer());
    const part = await edge.visit('/data.txt', { headers: { ...headers, range: 'bytes=2-5' } });
    expect(part.headers.get('content-range')).toBe(`bytes 2-5/${whole.length}`);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(2, 6));
  });

  test('a bucket that ignores the range makes it the whole file', async () => {
    const edge = siteWith(false);
    edge.fetchOrigin = async () => new Response(TEXT);
    const response = await edge.visit('/data.txt', { headers: { range: 'bytes=0-9' } });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-range')).toBeNull();
    expect(response.headers.get('content-length')).toBe('1000');
    expect(await response.text()).toBe(TEXT);
  });

  test.each(['bytes=0-9', 'bytes=5000-'])('HEAD has no ranges: %s is ignored', async (range) => {
    const response = await siteWith(false).visit('/data.txt', { method: 'HEAD', headers: { range } });
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '1000']);
  });
});
