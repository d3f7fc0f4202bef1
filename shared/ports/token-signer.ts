import type { JsonWebKey } from 'node:crypto';

/** A key pair that signs access tokens. */
export interface SigningKeyPair {
  readonly kid: string;
  /** Private JWK, as JSON. */
  readonly privateKey: string;
  readonly publicJwk: JsonWebKey;
}

/** The claims of an access token: its user, and the session it depends on. Public ids. */
export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
}

export interface SignedFor {
  /** `iss` and `aud`. */
  readonly issuer: string;
  readonly audience: string;
  /** The caller's current time. */
  readonly now: Date;
}

/** Signs and verifies access tokens (JWT, RFC 7519; the profile of RFC 9068: `typ` is `at+jwt`). */
export interface TokenSigner {
  createKeyPair(): Promise<SigningKeyPair>;
  sign(
    claims: AccessClaims,
    key: Pick<SigningKeyPair, 'kid' | 'privateKey'>,
    signedFor: SignedFor & { readonly lifetimeSeconds: number },
  ): Promise<string>;
  /** The unverified key id in a token; undefined when the token is malformed. */
  keyIdOf(token: string): string | undefined;
  /** Undefined unless signature, algorithm, type, issuer, audience and times are valid. */
  verify(token: string, publicJwk: JsonWebKey, signedFor: SignedFor): Promise<AccessClaims | undefined>;
}
