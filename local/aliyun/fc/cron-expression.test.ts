import { expect, test } from 'vitest';
import { parseCronExpression } from './cron-expression.ts';

const at = (text: string) => Date.parse(text);
const firing = (expression: string, after: string, createdAt = after) =>
  new Date(parseCronExpression(expression, at(createdAt))(at(after)) ?? Number.NaN).toISOString();

test('six fields are read with seconds first, in UTC', () => {
  expect(firing('30 0 4 * * *', '2026-03-01T03:00:00Z')).toBe('2026-03-01T04:00:30.000Z');
});

test('CRON_TZ moves the fields to another time zone', () => {
  expect(firing('CRON_TZ=Asia/Shanghai 0 0 4 1 * *', '2026-03-02T00:00:00Z')).toBe('2026-03-31T20:00:00.000Z');
});

test('a question mark means any day, and Monday is day 1', () => {
  expect(firing('0 0 8 ? * 1', '2026-03-03T00:00:00Z')).toBe('2026-03-09T08:00:00.000Z');
});

test('@every counts from the creation of the timer, and never fires at the very moment asked about', () => {
  expect(firing('@every 4m', '2026-03-01T00:00:00Z')).toBe('2026-03-01T00:04:00.000Z');
  expect(firing('@every 4m', '2026-03-01T00:09:00Z', '2026-03-01T00:01:00Z')).toBe('2026-03-01T00:13:00.000Z');
  expect(firing('@every 2h', '2026-03-01T01:00:00Z', '2026-03-01T00:00:00Z')).toBe('2026-03-01T02:00:00.000Z');
});

test.each(['', '* * * * *', '@every 0m', '@every 90s', '61 0 0 * * *', 'CRON_TZ=Nowhere/Else 0 0 4 * * *'])(
  'the expression %j is refused',
  (expression) => {
    expect(() => parseCronExpression(expression, 0)).toThrow(
      expect.objectContaining({ status: 400, code: 'InvalidArgument' }),
    );
  },
);
