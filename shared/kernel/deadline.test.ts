import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { deadlineIn, settledBy } from './deadline.ts';

const never = new Promise<never>(() => {});

test('what is done before the deadline is returned, and its error thrown', async () => {
  const failure = new Error('failed');
  expect(await settledBy(deadlineIn(60_000), Promise.resolve('done'))).toBe('done');
  await expect(settledBy(deadlineIn(60_000), Promise.reject(failure))).rejects.toBe(failure);
});

test('nobody waits beyond a deadline, not even for one that has passed', async () => {
  expect(await settledBy(deadlineIn(1), never)).toBeUndefined();
  expect(await settledBy(deadlineIn(-1000), never)).toBeUndefined();
});

test('work that fails after its deadline ends no process', async () => {
  let fail = (_: Error) => {};
  const late = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  expect(await settledBy(deadlineIn(1), late)).toBeUndefined();
  fail(new Error('too late'));
  await setImmediate();
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

test('the remaining time shrinks, below zero', () => {
  const deadline = deadlineIn(0);
  expect(deadline.remainingMs()).toBeLessThanOrEqual(0);
  expect(deadlineIn(60_000).remainingMs()).toBeGreaterThan(deadline.remainingMs());
});
