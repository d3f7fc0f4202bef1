import { expect, test } from 'vitest';
import { isUnder, matchesPathPattern, plainPath } from './path-pattern.ts';

test.each([
  // A plain path is a file, or a directory with everything in it.
  ['docs', 'docs', true],
  ['docs', 'docs/a.md', true],
  ['docs', 'docs/deep/er/a.md', true],
  ['docs/', 'docs/a.md', true],
  ['./docs', 'docs/a.md', true],
  ['/docs', 'docs/a.md', true],
  ['docs', 'docs2/a.md', false],
  ['docs', 'site/docs/a.md', false],
  ['docs/a.md', 'docs', false],
  ['', 'anything/at/all', true],
  // `*` stays within one name.
  ['*.md', 'README.md', true],
  ['*.md', '.md', true],
  ['*.md', 'docs/README.md', false],
  ['packages/*/src', 'packages/ui/src/a.ts', true],
  ['packages/*/src', 'packages/src/a.ts', false],
  ['packages/*/src', 'packages/a/b/src/a.ts', false],
  ['packages/*', 'packages/ui/src/a.ts', true],
  ['a*c*e', 'abcde', true],
  ['a*c*e', 'abcdf', false],
  ['*', 'anything/at/all', true],
  // `**` is any number of directories, also none.
  ['**/*.md', 'README.md', true],
  ['**/*.md', 'a/b/c.md', true],
  ['**/*.md', 'a/b/c.ts', false],
  ['src/**/test', 'src/test/a.ts', true],
  ['src/**/test', 'src/a/b/test/a.ts', true],
  ['src/**/test', 'src/a/b/tests/a.ts', false],
  ['src/**', 'src/a', true],
  ['src/**', 'source/a', false],
  // Nothing else is special, and hidden files are files.
  ['src/**', 'src/.env', true],
  ['*', '.gitignore', true],
  ['a.c', 'abc', false],
  ['[ab]', 'a', false],
  ['[slug]', '[slug]/page.tsx', true],
  ['{a,b}', 'a', false],
  ['Docs', 'docs/a.md', false],
  ['*.秒', '站点.秒', true],
])('the pattern %j and the file %j: %s', (pattern, path, matches) => {
  expect(matchesPathPattern(pattern, path)).toBe(matches);
});

test('a pattern crafted to be slow is decided like any other', () => {
  const pattern = `${'*a'.repeat(100)}b`;
  expect(matchesPathPattern(pattern, 'a'.repeat(4000))).toBe(false);
  expect(matchesPathPattern('**/a/'.repeat(100), `${'a/'.repeat(2000)}b`)).toBe(true);
  expect(matchesPathPattern(`${'**/a/'.repeat(100)}c/d`, `${'a/'.repeat(2000)}b`)).toBe(false);
});

test('a directory is taken literally, and redundant parts of a path are dropped', () => {
  expect(isUnder('app/[slug]', 'app/[slug]/page.tsx')).toBe(true);
  expect(isUnder('app/*', 'app/a/page.tsx')).toBe(false);
  expect(['.', './', './a//b/', '/a', 'a'].map(plainPath)).toEqual(['', '', 'a/b', 'a', 'a']);
});
