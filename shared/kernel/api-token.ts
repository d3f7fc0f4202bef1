import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { base62 } from './base62.ts';
import { sha256 } from './hmac.ts';

// `mb_live_` + 30 random base62 characters + their CRC32 in 6: secret scanners recognise it, and a typo costs no query.
const PREFIX = 'mb_live_';
const RANDOM_LENGTH = 30;
const FORM = /^mb_live_([0-9A-Za-z]{30})([0-9A-Za-z]{6})$/;

export interface MintedToken {
  /** Shown to its owner once and never stored. */
  readonly token: string;
  /** What the database keeps to recognise it. */
  readonly sha256: Buffer;
  /** Shown to people to tell tokens apart. */
  readonly prefix: string;
}

function checksum(random: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(random));
  return base62(bytes, 6);
}

/** A new API token. `token` is shown once and never stored; the other two are stored. */
export function mintApiToken(): MintedToken {
  // 256 random bits into 30 base62 digits (178 bits): the modulo bias is below 2^-77.
  const random = base62(randomBytes(32), RANDOM_LENGTH);
  const token = `${PREFIX}${random}${checksum(random)}`;
  return { token, sha256: sha256(token), prefix: token.slice(0, PREFIX.length + 4) };
}

/** The hash to look a token up by, or undefined when it cannot be one of ours (wrong form or checksum). */
export function apiTokenHash(token: string): Buffer | undefined {
  const [, random, sum] = FORM.exec(token) ?? [];
  return random !== undefined && checksum(random) === sum ? sha256(token) : undefined;
}
