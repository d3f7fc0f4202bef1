import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** SHA-256 of bytes, or of a text in UTF-8: 32 bytes. */
export const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest();
/** The same in lower-case hex. */
export const sha256Hex = (bytes: string | Buffer) => sha256(bytes).toString('hex');
/** HMAC-SHA-256 (RFC 2104), texts in UTF-8: 32 bytes. */
export const hmacSha256 = (key: string | Buffer, bytes: string | Buffer) =>
  createHmac('sha256', key).update(bytes).digest();

/** Constant-time comparison for equal lengths; different lengths are unequal. */
export const equalBytes = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b);
