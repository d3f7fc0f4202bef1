import { crc64Ecma } from '../../local/aliyun/oss/crc64-ecma.ts';

/** The checksum by which Function Compute knows the package of a function or layer. */
export function packageChecksum(zip: Uint8Array): string {
  const crc = crc64Ecma();
  crc.update(zip);
  return crc.digest();
}
