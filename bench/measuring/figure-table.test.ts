import { expect, test } from 'vitest';
import { figureTable } from './figure-table.ts';

test('a table shows the spread, the target and whether it is met, and the notes', () => {
  expect(
    figureTable([
      { name: 'push → live', unit: 'ms', samples: [900, 1100.4, 2500], target: { relation: '<', value: 1000 } },
      { name: 'uploads', unit: 'objects', samples: [2], target: { relation: '≤', value: 2 }, note: 'blob, manifest' },
      { name: 'in between', unit: 'ms', samples: [1.234, 23.45] },
    ]),
  ).toEqual([
    '             unit     n   min  median   max  target',
    'push → live  ms       3   900    1100  2500  < 1000 ✗',
    'uploads      objects  1     2       2     2  ≤ 2 ✓',
    '  (blob, manifest)',
    'in between   ms       2  1.23    12.3  23.4',
  ]);
});
