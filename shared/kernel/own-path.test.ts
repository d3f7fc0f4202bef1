import { expect, test } from 'vitest';
import { ownPath } from './own-path.ts';

const origin = 'https://api.example.com';

test.each(['/', '/device', '/device?user_code=BCDF-GHJK', '/a/b?c=d#e', '/a%2F%2Fb', '/@evil.example'])(
  'the path %j is kept unchanged',
  (path) => expect(ownPath(path, origin)).toBe(path),
);

test.each([
  undefined,
  '',
  'device',
  'https://evil.example/',
  'https:evil.example',
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n\\evil.example',
  ' //evil.example',
  '/.//evil.example',
  '/a/..//evil.example',
  '/%2e//evil.example',
  'javascript:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,x',
  'https://api.example.com@evil.example/',
])('%j becomes the root', (asked) => {
  expect(ownPath(asked, origin)).toBe('/');
});

test('however a browser interprets the result, it stays at the origin', () => {
  const pieces = ['/', '\\', '.', '..', '%2f', '@', ':', '\t', '\n', 'evil.example', 'https:', 'a', '?', '#', ' '];
  for (const first of pieces)
    for (const second of pieces)
      for (const third of pieces)
        for (const fourth of pieces) {
          const path = ownPath(`${first}${second}${third}${fourth}evil.example`, origin);
          expect(new URL(path, origin).origin).toBe(origin);
        }
});
