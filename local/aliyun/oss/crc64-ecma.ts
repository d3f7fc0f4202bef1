/** The running CRC-64 of a stream of bytes, as OSS reports it in `x-oss-hash-crc64ecma`. */
export interface Crc64 {
  update(bytes: Uint8Array): void;
  /** As OSS writes it: unsigned, decimal. */
  digest(): string;
}

// ECMA-182 in its reflected form, initial and final value all ones ("CRC-64/XZ"). Two 32-bit halves instead of BigInt:
// this runs over every byte that is stored.
const POLYNOMIAL_HIGH = 0xc96c5795;
const POLYNOMIAL_LOW = 0xd7870f42;
const tableHigh = new Int32Array(256);
const tableLow = new Int32Array(256);

for (let byte = 0; byte < 256; byte += 1) {
  let high = 0;
  let low = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    const carry = low & 1;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (carry) {
      low ^= POLYNOMIAL_LOW;
      high ^= POLYNOMIAL_HIGH;
    }
  }
  tableHigh[byte] = high;
  tableLow[byte] = low;
}

export function crc64Ecma(): Crc64 {
  let high = ~0;
  let low = ~0;
  return {
    update(bytes) {
      for (const byte of bytes) {
        const index = (low ^ byte) & 0xff;
        low = ((low >>> 8) | (high << 24)) ^ (tableLow[index] ?? 0);
        high = (high >>> 8) ^ (tableHigh[index] ?? 0);
      }
    },
    digest: () => ((BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0)).toString(),
  };
}
