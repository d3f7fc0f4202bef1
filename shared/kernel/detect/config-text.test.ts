import { expect, test } from 'vitest';
import { folderBelow, plainFlag, plainString, withoutComments } from './config-text.ts';

test.each([
  ["{ outDir: 'www' }", 'www'],
  ['{ "outDir": "www" }', 'www'],
  ['{ outDir: `www` }', 'www'],
  ["{ outDir: path.resolve(__dirname, 'www') }", 'www'],
  ["{ outDir: 'www' }, { outDir: 'www' }", 'www'],
  ["{ outDir: 'www' }, { outDir: 'other' }", undefined],
  ["{ outDir: 'www' }, { outDir: folder }", undefined],
  ['{ outDir: `www-$' + '{mode}` }', undefined],
  ['{ outDir: folder }', undefined],
  ["{ assetsOutDir: 'www' }", undefined],
  ["// outDir: 'old'\n{ outDir: 'www' /* outDir: 'x' */ }", 'www'],
  ["{ url: 'https://x', outDir: 'www' }", 'www'],
])('in %s the output directory is %s', (text, value) => {
  expect(plainString(withoutComments(text), 'outDir')).toBe(value);
});

test('a flag counts only when it is written literally', () => {
  expect(plainFlag('{ ssr: false }', 'ssr')).toBe(false);
  expect(plainFlag('{ ssr: true, }', 'ssr')).toBe(true);
  for (const text of ['{ ssr: !production }', '{ ssr: falsehood }', '{}'])
    expect(plainFlag(text, 'ssr')).toBeUndefined();
});

test('a folder outside the project, or the whole project, is not an output directory', () => {
  expect(folderBelow('./www/')).toBe('www');
  expect(folderBelow('../www', 'src')).toBe('www');
  for (const value of ['../www', '/www', '.', '', 'a\\b', undefined]) expect(folderBelow(value)).toBeUndefined();
});

test('an unterminated comment takes the rest, and an overlong configuration is ignored', () => {
  expect(withoutComments("{ a: 1 /* b: '*' ")).toBe('{ a: 1 ');
  expect(withoutComments('/*'.repeat(40_000))).toBe('');
});
