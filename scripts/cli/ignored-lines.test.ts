import { parse } from 'dotenv';
import { expect, test } from 'vitest';
import { ignoredLines } from './ignored-lines.ts';

test('every line of a .env file that sets nothing is named, and no other', () => {
  const lines = [
    '# a comment',
    'ONE=1',
    'no variable',
    '',
    'export TWO="two',
    'lines" # and a comment',
    'SPACED = x',
    'YAML: x',
    "QUOTED='a # b'",
    'BAD KEY=1',
    '  # indented',
    '=x',
    'LAST=',
  ];
  for (const end of ['\n', '\r\n']) expect(ignoredLines(lines.join(end))).toEqual([3, 10, 12]);
  expect(Object.keys(parse(lines.join('\n')))).toEqual(['ONE', 'TWO', 'SPACED', 'YAML', 'QUOTED', 'LAST']);
});

test.each(['', '\n\n', '# nothing', 'A=1', 'A="x\ny"\nB=2\n'])('%j has no such line', (content) => {
  expect(ignoredLines(content)).toEqual([]);
});
