import { expect, test } from 'vitest';
import { createEdgeCache, sharedMaxAge } from './edge-cache.ts';

const answer = (bytes: number, expiresAt = Number.MAX_SAFE_INTEGER) => ({
  status: 200,
  headers: [],
  body: new Uint8Array(bytes),
  storedAt: 0,
  expiresAt,
});

test('over its size, the cache evicts the least recently used answers', () => {
  const cache = createEdgeCache(100, 50);
  cache.put('a', answer(40));
  cache.put('b', answer(40));
  cache.get('a');
  cache.put('c', answer(40));
  expect(['a', 'b', 'c'].filter((key) => cache.get(key))).toEqual(['a', 'c']);
});

test('storing again replaces the entry, and does not count it twice', () => {
  const cache = createEdgeCache(100, 50);
  for (let n = 0; n < 10; n += 1) cache.put('a', answer(40));
  cache.put('b', answer(40));
  expect(['a', 'b'].filter((key) => cache.get(key))).toEqual(['a', 'b']);
});

test('what is too large, or no longer fresh, is not kept', () => {
  const cache = createEdgeCache(100, 50);
  cache.put('large', answer(51));
  cache.put('old', answer(1, Date.now() - 1));
  expect([cache.get('large'), cache.get('old')]).toEqual([undefined, undefined]);
});

test.each([
  [{ 'cache-control': 'public, max-age=60' }, 60],
  [{ 'cache-control': 'max-age=60, s-maxage=10' }, 10],
  [{ 'cache-control': 'S-MaxAge="5"' }, 5],
  [{ 'cache-control': 'public, max-age=0, must-revalidate' }, 0],
  [{ 'cache-control': 'max-age=60, private' }, 0],
  [{ 'cache-control': 'no-store' }, 0],
  [{ 'cache-control': 'no-cache, max-age=60' }, 0],
  [{ 'cache-control': 'max-age=60', 'set-cookie': 'a=1' }, 0],
  [{ 'cache-control': 'public' }, undefined],
  [{}, undefined],
])('%j may be shared for %s seconds', (headers, seconds) => {
  expect(sharedMaxAge(new Headers(headers as Record<string, string>))).toBe(seconds);
});
