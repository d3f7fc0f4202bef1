import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEdgeCache } from './edge-cache.ts';
import { fetchBucket } from './fetch-bucket.ts';

const server = createServer();
const url = 'http://www.sites.localhost/object';
let endpoint: string;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close().closeAllConnections());

/** Requests the object and pauses OSS's answer in the middle of its body. */
async function readHalf(cache: ReturnType<typeof createEdgeCache>) {
  const origin = { endpoint, region: 'cn-hangzhou', credentials: { accessKeyId: 'id', accessKeySecret: 'secret' } };
  const asked = once(server, 'request');
  const answering = fetchBucket(new Request(url), 'pages', origin, cache);
  const [, response] = (await asked) as [unknown, ServerResponse];
  response.setHeader('cache-control', 'max-age=3600');
  response.write('first half, ');
  return { response, answer: await answering };
}

test('an answer is cached once its body is complete', async () => {
  const cache = createEdgeCache();
  const { response, answer } = await readHalf(cache);
  expect(cache.get(url)).toBeUndefined();
  response.end('second half');
  expect(await answer.text()).toBe('first half, second half');
  expect(new TextDecoder().decode(cache.get(url)?.body)).toBe('first half, second half');
});

test('an answer in transit during a purge is not cached', async () => {
  const cache = createEdgeCache();
  const { response, answer } = await readHalf(cache);
  cache.deleteWhere(() => true);
  response.end('second half');
  expect(await answer.text()).toBe('first half, second half');
  expect(cache.get(url)).toBeUndefined();
});

test('an answer that is cut off is not cached, and its reader gets an error', async () => {
  const cache = createEdgeCache();
  const { response, answer } = await readHalf(cache);
  response.destroy();
  await expect(answer.text()).rejects.toThrow();
  expect(cache.get(url)).toBeUndefined();
});
