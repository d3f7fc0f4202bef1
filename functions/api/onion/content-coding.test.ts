import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { codingOf, encodeText } from './content-coding.ts';
import { negotiate, type Rendered } from './rendered.ts';

test.each([
  ['br, gzip', 'br'],
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip', 'gzip'],
  ['GZIP;Q=0.5', 'gzip'],
  ['gzip;q=1, br;q=0.5', 'gzip'],
  ['br;q=0, gzip', 'gzip'],
  ['*', 'br'],
  ['*;q=0', undefined],
  ['identity', undefined],
  ['br;q=0, gzip;q=0', undefined],
  ['gzip;q=nonsense', undefined],
  ['', undefined],
  [undefined, undefined],
])('a caller that accepts %j gets %s', (accepted, coding) => {
  expect(codingOf(accepted)).toBe(coding);
});

const text = JSON.stringify({ data: 'ä'.repeat(1000) });

test('coded content decodes unchanged, and is smaller', async () => {
  const [br, gzip] = [await encodeText(text, 'br'), await encodeText(text, 'gzip')];
  expect(brotliDecompressSync(br).toString()).toBe(text);
  expect(gunzipSync(gzip).toString()).toBe(text);
  expect(Math.max(br.length, gzip.length)).toBeLessThan(Buffer.byteLength(text) / 10);
});

const answer = (body: string | null): Rendered => ({
  status: 200,
  headers: [
    ['etag', '"v1"'],
    ['content-type', 'application/json'],
  ],
  text: body,
});
const asked = { ifNoneMatch: undefined, acceptEncoding: 'br' };

test('from a kilobyte on a response is coded, with Vary for caches and an ETag of that coding', async () => {
  const coded = await negotiate(answer(text), asked);
  expect(coded.headers).toEqual([
    ['etag', '"v1+br"'],
    ['content-type', 'application/json'],
    ['content-encoding', 'br'],
    ['vary', 'Accept-Encoding'],
  ]);
  expect(brotliDecompressSync(coded.body ?? '').toString()).toBe(text);
  const plain = await negotiate(answer(text), { ...asked, acceptEncoding: undefined });
  expect([plain.body, plain.headers.at(-1)]).toEqual([text, ['vary', 'Accept-Encoding']]);
});

test('a smaller response is sent as it is; the kilobyte is counted in bytes', async () => {
  expect((await negotiate(answer('x'.repeat(1023)), asked)).body).toBe('x'.repeat(1023));
  expect((await negotiate(answer('ä'.repeat(512)), asked)).body).toBeInstanceOf(Buffer);
  expect((await negotiate(answer(null), asked)).body).toBeNull();
});

test.each(['"v1"', 'W/"v1"', '"v1+br"', '"v0", "v1+gzip"', '*'])(
  'a caller that has %s gets 304 and no body',
  async (has) => {
    const { status, body, headers } = await negotiate(answer(text), { ...asked, ifNoneMatch: has });
    expect([status, body, headers]).toEqual([304, null, [['etag', '"v1"']]]);
  },
);

test('a caller with another version gets this one', async () => {
  expect((await negotiate(answer('{}'), { ...asked, ifNoneMatch: '"v0"' })).status).toBe(200);
});
