import { expect, test } from 'vitest';
import { isNestedDeeper } from './is-nested-deeper.ts';

const nested = (depth: number, [open, close]: readonly [string, string]) => open.repeat(depth) + close.repeat(depth);

test.each<[string, string, string]>([
  ['lists', '[', ']'],
  ['objects', '{"a":', '}'],
  ['both', '{"a":[', ']}'],
])('%s may be nested to the limit and no deeper', (_, open, close) => {
  const each = open.length > 5 ? 2 : 1;
  expect(isNestedDeeper(Buffer.from(nested(4 / each, [open, close])), 4)).toBe(false);
  expect(isNestedDeeper(Buffer.from(nested(4 / each + 1, [open, close])), 4)).toBe(true);
});

test.each([
  '"[[[["',
  '"\\"[[[["',
  '"\\\\"',
  '{"[[{{":"]]"}',
  `[${'[],'.repeat(9)}{}]`,
  '"never ends [[[[',
  '"ends in \\',
])('brackets in strings and adjacent brackets do not count: %s', (json) => {
  expect(isNestedDeeper(Buffer.from(json), 2)).toBe(false);
});

test('brackets count again after a string that ends in an escaped backslash', () => {
  expect(isNestedDeeper(Buffer.from('["\\\\",[[]]]'), 2)).toBe(true);
});
