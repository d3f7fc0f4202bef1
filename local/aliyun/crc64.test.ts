import { expect, test } from 'vitest';
import { crc64 } from './crc64.ts';

test('the check value of CRC-64/XZ comes out, as Aliyun prints it', () => {
  expect(crc64(Buffer.from('123456789'))).toBe('11051210869376104954');
});

test('nothing has the checksum 0', () => {
  expect(crc64(new Uint8Array())).toBe('0');
});
