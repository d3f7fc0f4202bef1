import { expect, test } from 'vitest';
import { newUserCode, readUserCode, showUserCode } from './user-code.ts';

test('a code is shown in two halves and read however it is typed', () => {
  const code = newUserCode();
  const shown = showUserCode(code);
  expect(shown).toMatch(/^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$/);
  for (const typed of [shown, code, shown.toLowerCase(), ` ${shown} `, [...code].join(' ')]) {
    expect(readUserCode(typed)).toBe(code);
  }
});

test.each(['', 'BCDF', 'BCDF-GHJKL', 'ABCD-EFGH', 'BCDF-GHJ0', '../../..'])('%j is no code', (typed) => {
  expect(readUserCode(typed)).toBeUndefined();
});
