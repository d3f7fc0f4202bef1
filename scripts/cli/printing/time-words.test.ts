import { expect, test } from 'vitest';
import { localTime, timeAgo } from './time-words.ts';

const now = new Date('2026-03-04T05:06:07.000Z');
const before = (seconds: number) => new Date(now.getTime() - seconds * 1000).toISOString();

test.each([
  [-5, 'just now'],
  [0, 'just now'],
  [59, '59 s ago'],
  [60, '1 min ago'],
  [3599, '59 min ago'],
  [3600, '1 h ago'],
  [86_400 * 3 + 5, '3 d ago'],
])('%d seconds are "%s"', (seconds, words) => {
  expect(timeAgo(before(seconds), now)).toBe(words);
});

test('what was long ago is a date, and a time is the one of the person’s clock', () => {
  expect(timeAgo(before(86_400 * 40), now)).toMatch(/^2026-01-2\d$/);
  expect(localTime(now.toISOString())).toMatch(/^2026-03-0[345] \d\d:\d\d$/);
  expect(localTime(now.toISOString(), 'seconds')).toMatch(/^2026-03-0[345] \d\d:\d\d:07$/);
});
