import { expect, test } from 'vitest';
import { crc64Ecma } from './crc64-ecma.ts';

test('agrees with the published check value of CRC-64/XZ, however the bytes are cut', () => {
  const whole = crc64Ecma();
  whole.update(Buffer.from('123456789'));
  const pieces = crc64Ecma();
  pieces.update(Buffer.from('1234'));
  pieces.update(Buffer.alloc(0));
  pieces.update(Buffer.from('56789'));
  expect(whole.digest()).toBe(BigInt('0x995DC9BBDF1939FA').toString());
  expect(pieces.digest()).toBe(whole.digest());
});

test('of nothing is zero', () => {
  expect(crc64Ecma().digest()).toBe('0');
});
