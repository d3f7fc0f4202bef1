import { sha256 } from './hmac.ts';
import { randomToken } from './ids.ts';

/** A secret for one login (RFC 7636 §4.1): 256 random bits in base64url. */
export const pkceVerifier = () => randomToken(32);

/** The challenge sent to the authorization server beforehand: method `S256` (RFC 7636 §4.2). */
export const pkceChallenge = (verifier: string) => sha256(verifier).toString('base64url');
