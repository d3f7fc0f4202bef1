import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest();
export const sha256Hex = (bytes: string | Buffer) => sha256(bytes).toString('hex');
export const hmacSha256 = (key: string | Buffer, bytes: string | Buffer) =>
  createHmac('sha256', key).update(bytes).digest();

/** Comparison in constant time for equal lengths; different lengths are simply unequal. */
export const equalBytes = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b);
