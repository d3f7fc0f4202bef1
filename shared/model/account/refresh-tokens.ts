import { hmacSha256, sha256 } from '../../kernel/hmac.ts';
import { randomToken } from '../../kernel/ids.ts';
import { deriveKey } from '../../kernel/seal.ts';

export interface RefreshToken {
  /** Set as a cookie, and stored nowhere. */
  readonly token: string;
  readonly sha256: Buffer;
}

export interface RefreshTokens {
  /** The first of a session. */
  first(): RefreshToken;
  /** The one that follows. Always the same, so that an answer that got lost can be given again without anybody having kept it. */
  successorOf(token: string): RefreshToken;
  /** A token as somebody shows it; undefined when it cannot be one. */
  read(token: string): RefreshToken | undefined;
}

const FORM = /^[A-Za-z0-9_-]{43}$/;

/** Refresh tokens: 256 bits, each but the first computed from the one before with a key that only the platform has. */
export function refreshTokens(rootKey: string): RefreshTokens {
  const key = deriveKey(rootKey, 'refresh-token');
  const named = (token: string): RefreshToken => ({ token, sha256: sha256(token) });
  return {
    first: () => named(randomToken(32)),
    successorOf: (token) => named(hmacSha256(key, token).toString('base64url')),
    read: (token) => (FORM.test(token) ? named(token) : undefined),
  };
}
