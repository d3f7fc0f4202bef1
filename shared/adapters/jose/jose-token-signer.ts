import {
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTPayload,
  errors as joseErrors,
  jwtVerify,
  SignJWT,
} from 'jose';
import { randomToken } from '../../kernel/ids.ts';
import type { AccessClaims, TokenSigner } from '../../ports/token-signer.ts';

// The only algorithm: a token's header has no influence on it.
const ALGORITHM = 'ES256';
const TYPE = 'at+jwt';

/** `TokenSigner` with ES256. */
export const joseTokenSigner = (): TokenSigner => ({
  async createKeyPair() {
    const { privateKey, publicKey } = await generateKeyPair(ALGORITHM, { extractable: true });
    return {
      kid: randomToken(12),
      privateKey: JSON.stringify(await exportJWK(privateKey)),
      publicJwk: { ...(await exportJWK(publicKey)) },
    };
  },

  async sign({ userId, sessionId }, { kid, privateKey }, { issuer, audience, now, lifetimeSeconds }) {
    const issuedAt = Math.floor(now.getTime() / 1000);
    return new SignJWT({ sid: sessionId })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid })
      .setSubject(userId)
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + lifetimeSeconds)
      .sign(await importJWK(JSON.parse(privateKey) as JWK, ALGORITHM));
  },

  keyIdOf(token) {
    try {
      const { kid } = decodeProtectedHeader(token);
      return kid;
    } catch {
      return undefined;
    }
  },

  async verify(token, publicJwk, { issuer, audience, now }) {
    try {
      const key = await importJWK(publicJwk as JWK, ALGORITHM);
      const { payload } = await jwtVerify(token, key, {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer,
        audience,
        currentDate: now,
        requiredClaims: ['sub', 'sid', 'iat', 'exp'],
      });
      return claimsOf(payload);
    } catch (error) {
      if (error instanceof joseErrors.JOSEError) return undefined;
      throw error;
    }
  },
});

function claimsOf({ sub, sid }: JWTPayload): AccessClaims | undefined {
  return typeof sub === 'string' && typeof sid === 'string' ? { userId: sub, sessionId: sid } : undefined;
}
