import { describe, expect, test } from 'vitest';
import { displayWidth, printableText, shortened } from './printable-text.ts';
import { splitLines } from './split-lines.ts';
import { createTerminal } from './terminal.ts';

const RED = '\u001b[31m';
const RESET = '\u001b[0m';

describe('text from elsewhere', () => {
  test.each([
    ['moves the cursor', '\u001b[2J\u001b[1;1Hfine', 'fine'],
    ['renames the window', '\u001b]0;title\u0007fine', 'fine'],
    ['hides in the C1 range', '\u009b2Jfine', 'fine'],
    ['rings and goes back', 'fi\b\u0007ne', 'fine'],
  ])('loses what %s', (_, text, shown) => {
    expect(printableText(text)).toBe(shown);
    expect(printableText(text, { keepColours: true })).toBe(shown);
  });

  test('keeps its colours only where they are wanted, and never past its end', () => {
    const text = `${RED}red\u001b[2J`;
    expect(printableText(text)).toBe('red');
    expect(printableText(text, { keepColours: true })).toBe(`${RED}red${RESET}`);
  });

  test('is cut to its first line and to columns, not to characters', () => {
    expect(shortened('first\nsecond', 20)).toBe('first');
    expect(shortened('修复首页的样式', 10)).toBe('修复首页…');
    expect(displayWidth('修复 a')).toBe(6);
  });
});

describe('a log that comes in pieces', () => {
  test('is made of whole lines', () => {
    const lines = splitLines();
    expect(lines.push('on')).toEqual([]);
    expect(lines.push('e\ntwo\nth')).toEqual(['one', 'two']);
    expect(lines.end()).toEqual(['th']);
    expect(lines.end()).toEqual([]);
  });

  test('shows a line that is written over itself as it was left', () => {
    expect(splitLines().push('10%\r50%\r100%\r\n')).toEqual(['100%']);
  });
});

describe('colours', () => {
  const painted = (isTTY: boolean, environment: NodeJS.ProcessEnv) =>
    createTerminal({ isTTY, write: () => {} }, environment).paint('red', 'text') !== 'text';

  test('are for terminals that have them, and for people who want them', () => {
    expect(painted(true, {})).toBe(true);
    expect(painted(true, { NO_COLOR: '' })).toBe(true);
    expect(painted(true, { NO_COLOR: '1' })).toBe(false);
    expect(painted(true, { TERM: 'dumb' })).toBe(false);
    expect(painted(false, {})).toBe(false);
  });

  test('do not move columns', () => {
    let written = '';
    const output = { isTTY: true, write: (text: string) => (written += text) };
    createTerminal(output, {}).table(
      ['A', 'B'],
      [
        [{ text: 'x', style: 'red' }, 'y'],
        ['long', 'z'],
      ],
    );
    expect(printableText(written)).toBe('A     B\nx     y\nlong  z\n');
    expect(written).toContain(RED);
  });
});
