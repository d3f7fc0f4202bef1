import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createSealer } from './seal.ts';

const rootKey = randomBytes(32).toString('base64url');
const sealer = createSealer(rootKey);

test('a sealed secret opens with the same key and context', () => {
  expect(sealer.open(sealer.seal('s3cret 秘密', 'row:1'), 'row:1')).toBe('s3cret 秘密');
});

test('the same secret is sealed differently each time, and never contains the plaintext', () => {
  const [first, second] = [sealer.seal('plaintext', 'row:1'), sealer.seal('plaintext', 'row:1')];
  expect(first).not.toBe(second);
  expect(Buffer.from(first.slice(3), 'base64url').includes('plaintext')).toBe(false);
});

test('a secret moved to another row, opened with another key, or changed in one byte is refused', () => {
  const sealed = sealer.seal('secret', 'row:1');
  const flipped = Buffer.from(sealed.slice(3), 'base64url');
  flipped[14] = (flipped[14] ?? 0) ^ 1;
  expect(() => sealer.open(sealed, 'row:2')).toThrow('secret_unreadable');
  expect(() => createSealer(randomBytes(32).toString('base64url')).open(sealed, 'row:1')).toThrow('secret_unreadable');
  expect(() => sealer.open(`v1.${flipped.toString('base64url')}`, 'row:1')).toThrow('secret_unreadable');
});

test.each(['', 'plain', 'v1.', 'v2.abcd', 'v1.AAAA'])('the text %j is never taken for a secret', (text) => {
  expect(() => sealer.open(text, 'row:1')).toThrow('secret_unreadable');
});
