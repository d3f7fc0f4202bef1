import { expect, test } from 'vitest';
import { storableText } from './storable-text.ts';

test.each([
  ['NUL characters are replaced', '\0a\0\0b', '\ufffda\ufffd\ufffdb'],
  ['a half of a character is replaced', 'a\ud83d and \ude80', 'a\ufffd and \ufffd'],
  ['everything else stays as it is', 'Grüße 长 🚀\n\t\u0001\uffff', 'Grüße 长 🚀\n\t\u0001\uffff'],
])('%s', (_, text, stored) => {
  expect(storableText(text)).toBe(stored);
});
