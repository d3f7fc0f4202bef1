import { expect, test } from 'vitest';
import { keptPlans } from './kept-plans.ts';

test('a statement keeps its name, and no two statements share one', () => {
  const plans = keptPlans();
  expect(plans.nameOf('select 1')).toBe(plans.nameOf('select 1'));
  expect(plans.nameOf('select 1')).not.toBe(plans.nameOf('select 2'));
});

test('an unbounded number of distinct statements does not fill the connections', () => {
  const plans = keptPlans();
  const first = plans.nameOf('select 0');
  const named = Array.from({ length: 10_000 }, (_, n) => plans.nameOf(`select ${n}`)).filter(
    (name) => name !== undefined,
  );
  expect(named.length).toBeLessThanOrEqual(500);
  expect(plans.nameOf('select 0')).toBe(first);
});

test('after a renewal no statement gets a name that was used before', () => {
  const plans = keptPlans();
  const before = new Set(['a', 'b', 'c'].map(plans.nameOf));
  plans.renew();
  for (const text of ['c', 'b', 'a']) expect(before.has(plans.nameOf(text))).toBe(false);
});
