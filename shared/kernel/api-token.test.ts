import { expect, test } from 'vitest';
import { apiTokenHash, mintApiToken } from './api-token.ts';

test('a minted token has the documented form and is recognised', () => {
  const minted = mintApiToken();
  expect(minted.token).toMatch(/^mb_live_[0-9A-Za-z]{36}$/);
  expect(apiTokenHash(minted.token)).toEqual(minted.sha256);
});

test('no two tokens are the same', () => {
  expect(new Set(Array.from({ length: 1000 }, () => mintApiToken().token)).size).toBe(1000);
});

test('a token with any one character changed is refused by its checksum', () => {
  const { token } = mintApiToken();
  for (let i = 'mb_live_'.length; i < token.length; i++) {
    const other = token[i] === 'a' ? 'b' : 'a';
    expect(apiTokenHash(token.slice(0, i) + other + token.slice(i + 1))).toBeUndefined();
  }
});

test.each(['', 'mb_live_', 'Bearer x', `mb_live_${'a'.repeat(36)}\n`])('%j is no token', (text) => {
  expect(apiTokenHash(text)).toBeUndefined();
});
