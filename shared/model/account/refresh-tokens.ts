import { hmacSha256, sha256 } from '../../kernel/hmac.ts';
import { randomToken } from '../../kernel/ids.ts';
import { deriveKey } from '../../kernel/seal.ts';

export interface RefreshToken {
  /** Set as a cookie, never stored. */
  readonly token: string;
  readonly sha256: Buffer;
}

export interface RefreshTokens {
  /** The first one of a session. */
  first(): RefreshToken;
  /** The next one. Deterministic, so that a lost answer can be repeated although nothing stored it. */
  successorOf(token: string): RefreshToken;
  /** Parses a presented token; undefined when it is malformed. */
  read(token: string): RefreshToken | undefined;
}

const FORM = /^[A-Za-z0-9_-]{43}$/;

/** Refresh tokens: 256 bits, each but the first derived from its predecessor with a key only the platform has. */
export function refreshTokens(rootKey: string): RefreshTokens {
  const key = deriveKey(rootKey, 'refresh-token');
  const named = (token: string): RefreshToken => ({ token, sha256: sha256(token) });
  return {
    first: () => named(randomToken(32)),
    successorOf: (token) => named(hmacSha256(key, token).toString('base64url')),
    read: (token) => (FORM.test(token) ? named(token) : undefined),
  };
}
