import { expect, test } from 'vitest';
import { INF_MAX, INF_MIN, type KeyBound } from './plainbuffer-format.ts';
import { encodePrimaryKey } from './primary-key-order.ts';

function expectAscending(keys: readonly KeyBound[][]) {
  const encoded = keys.map(encodePrimaryKey);
  for (const [index, key] of encoded.entries()) {
    const next = encoded[index + 1];
    if (next) expect(Buffer.compare(key, next), `key ${index} sorts before key ${index + 1}`).toBe(-1);
  }
}

test('integers sort by value over the whole 64-bit range', () => {
  expectAscending([[INF_MIN], [-(2n ** 63n)], [-256n], [-1n], [0n], [1n], [255n], [256n], [2n ** 63n - 1n], [INF_MAX]]);
});

test('strings sort by their UTF-8 bytes, and a prefix before what it begins', () => {
  expectAscending([
    [INF_MIN],
    [''],
    ['\0'],
    ['\0\0'],
    ['\0a'],
    ['a'],
    ['a\0'],
    ['a\u0001'],
    ['ab'],
    ['b'],
    ['秒'],
    [INF_MAX],
  ]);
});

test('an earlier column decides before a later one, whatever their lengths', () => {
  expectAscending([
    ['a', INF_MIN],
    ['a', 'zzz'],
    ['a', INF_MAX],
    ['a\0', 'a'],
    ['aa', 'a'],
    [INF_MAX, INF_MIN],
  ]);
});
