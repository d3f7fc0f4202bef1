import { expect, test } from 'vitest';
import { leastRecentlyUsed } from './least-recently-used.ts';

test('the least recently used entry is evicted first, as soon as the weights pass the capacity', () => {
  const cache = leastRecentlyUsed<string>(10);
  cache.set('a', 'A', 4);
  cache.set('b', 'B', 4);
  expect(cache.get('a')).toBe('A');
  cache.set('c', 'C', 4);
  expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual(['A', undefined, 'C']);
});

test('a replaced or deleted entry no longer weighs', () => {
  const cache = leastRecentlyUsed<string>(10);
  cache.set('a', 'A', 9);
  cache.set('a', 'A2', 1);
  cache.set('b', 'B', 9);
  expect([cache.get('a'), cache.get('b')]).toEqual(['A2', 'B']);
  cache.delete('b');
  cache.set('c', 'C', 9);
  expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual(['A2', undefined, 'C']);
});

test('an entry heavier than the capacity is not kept', () => {
  const cache = leastRecentlyUsed<string>(10);
  cache.set('a', 'A', 11);
  expect(cache.get('a')).toBeUndefined();
});
