import { expect, test } from 'vitest';
import { readRetryAfter } from './read-retry-after.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');

test.each([
  ['120', 120],
  [' 7 ', 7],
  ['Sun, 01 Mar 2026 12:01:30 GMT', 90],
  ['99999999', 86_400],
])('%j means %i seconds', (value, seconds) => {
  expect(readRetryAfter(value, NOW)).toBe(seconds);
});

test.each([undefined, null, '', '0', '-5', 'soon', 'Sun, 01 Mar 2026 11:00:00 GMT'])('%j states no wait', (value) => {
  expect(readRetryAfter(value, NOW)).toBeUndefined();
});
