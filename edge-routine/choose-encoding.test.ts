import { expect, test } from 'vitest';
import { chooseEncoding } from './choose-encoding.ts';

const twin = { sha256: '0'.repeat(64), bytes: 1 };
const BOTH = { br: twin, gzip: twin };

test.each([
  [null, BOTH, 'identity'],
  ['', BOTH, 'identity'],
  ['gzip, deflate, br, zstd', BOTH, 'br'],
  ['br, gzip', BOTH, 'br'],
  ['gzip', BOTH, 'gzip'],
  ['x-gzip', BOTH, 'gzip'],
  ['GZIP;Q=0.5', BOTH, 'gzip'],
  ['br;q=0.5, gzip;q=0.8', BOTH, 'gzip'],
  ['br ; q=0.9 , gzip ; q=1', BOTH, 'gzip'],
  ['br;q=0, gzip;q=0', BOTH, 'identity'],
  ['*', BOTH, 'br'],
  ['*;q=0', BOTH, 'identity'],
  ['br;q=0, *', BOTH, 'gzip'],
  ['identity;q=1, *;q=0', BOTH, 'identity'],
  ['identity, gzip', BOTH, 'gzip'],
  ['identity;q=1, gzip;q=0.5', BOTH, 'identity'],
  ['identity;q=0', BOTH, 'identity'],
  ['br;q=nonsense', BOTH, 'identity'],
  ['brotli, gzipped', BOTH, 'identity'],
  ['br', { gzip: twin }, 'identity'],
  ['br, gzip', { gzip: twin }, 'gzip'],
  ['br, gzip', undefined, 'identity'],
] as const)('Accept-Encoding: %s of a file with %j is sent as %s', (header, twins, expected) => {
  expect(chooseEncoding(header, twins)).toBe(expected);
});
