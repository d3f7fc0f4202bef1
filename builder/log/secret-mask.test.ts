import { expect, test } from 'vitest';
import { createSecretMask, maskSecrets, secretTexts } from './secret-mask.ts';

function maskInPieces(pieces: readonly string[], values: readonly string[]) {
  const mask = createSecretMask(secretTexts(values));
  return pieces.map((piece) => mask.push(piece)).join('') + mask.end();
}

test('a secret is masked wherever the text is cut', () => {
  const text = 'a tokentoken-1 b tokentok c token-1';
  for (let first = 0; first <= text.length; first++) {
    for (let second = first; second <= text.length; second++) {
      const pieces = [text.slice(0, first), text.slice(first, second), text.slice(second)];
      expect(maskInPieces(pieces, ['token-1', 'tokentoken-1'])).toBe('a *** b tokentok c ***');
    }
  }
});

test('nothing of overlapping secrets is shown', () => {
  for (const cut of [0, 3, 5, 7, 9]) {
    const text = 'xyabcdefgh';
    expect(maskInPieces([text.slice(0, cut), text.slice(cut)], ['xyabcd', 'abcdefgh'])).toBe('***');
  }
});

test('text that cannot become a secret is shown at once', () => {
  const mask = createSecretMask(['secret-value']);
  expect(mask.push('compiling… secr')).toBe('compiling… ');
  expect(mask.push('etary.ts\n')).toBe('secretary.ts\n');
});

test('endless repetition of a secret is not held back for ever', () => {
  const mask = createSecretMask(['aaaaaa']);
  let shown = '';
  for (let i = 0; i < 30; i++) shown += mask.push('a'.repeat(10_000));
  shown += mask.end();
  expect(shown).toMatch(/^(\*\*\*)+$/);
  expect(shown.length).toBeLessThan(100);
});

test('the lines of a key and the common encodings of a value are masked, short values are not', () => {
  const key = '-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----';
  const texts = secretTexts([key, 'a b&c"d-é', 'prod']);
  const shown = [
    'MIIEvQIBADANBg',
    JSON.stringify(key),
    encodeURIComponent('a b&c"d-é'),
    JSON.stringify('a b&c"d-é'),
    Buffer.from('a b&c"d-é').toString('base64'),
    'prod',
  ].map((text) => maskSecrets(text, texts));
  expect(shown).toEqual(['***', '"***"', '***', '"***"', '***', 'prod']);
});
