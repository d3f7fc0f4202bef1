import { describe, expect, test } from 'vitest';
import { meetsTarget, quantile, spreadOf } from './figure.ts';

describe('the spread of samples', () => {
  test.each([
    [[3], { min: 3, median: 3, max: 3 }],
    [[10, 9, 100], { min: 9, median: 10, max: 100 }],
    [[4, 1, 2, 3], { min: 1, median: 2.5, max: 4 }],
  ])('of %j is %j', (samples, expected) => {
    expect(spreadOf(samples)).toEqual(expected);
  });

  test('leaves the order in which they were taken alone', () => {
    const samples = [2, 1];
    spreadOf(samples);
    expect(samples).toEqual([2, 1]);
  });

  test('of none is refused: nothing was measured', () => {
    expect(() => spreadOf([])).toThrow('without samples');
  });
});

test('a quantile lies between its two nearest samples', () => {
  expect(quantile([0, 10, 20], 0.75)).toBe(15);
  expect(quantile([0, 10, 20], 1)).toBe(20);
});

describe('a target', () => {
  const figure = { name: 'a figure', unit: 'ms', samples: [1, 2, 9] };

  test.each([
    ['<', 2, false],
    ['≤', 2, true],
    ['<', 3, true],
    ['≥', 2, true],
    ['≥', 3, false],
  ] as const)('%s %d for a median of 2 is met: %s', (relation, value, met) => {
    expect(meetsTarget({ ...figure, target: { relation, value } })).toBe(met);
  });

  test('that was never set is neither met nor missed', () => {
    expect(meetsTarget(figure)).toBeUndefined();
  });
});
