import type { JsonWebKey } from 'node:crypto';

/** A key pair that signs access tokens. */
export interface SigningKeyPair {
  readonly kid: string;
  /** Private JWK, as JSON. */
  readonly privateKey: string;
  readonly publicJwk: JsonWebKey;
}

/** What an access token says: whose it is, and which session it lives by. Shown ids. */
export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
}

export interface SignedFor {
  /** `iss` and `aud`. */
  readonly issuer: string;
  readonly audience: string;
  /** The time by the caller's clock. */
  readonly now: Date;
}

/** Signs and checks access tokens (JWT, RFC 7519; the profile of RFC 9068: `typ` is `at+jwt`). */
export interface TokenSigner {
  createKeyPair(): Promise<SigningKeyPair>;
  sign(
    claims: AccessClaims,
    key: Pick<SigningKeyPair, 'kid' | 'privateKey'>,
    signedFor: SignedFor & { readonly lifetimeSeconds: number },
  ): Promise<string>;
  /** The key id that a token names, not checked; undefined when it is no token of ours by its form. */
  keyIdOf(token: string): string | undefined;
  /** Undefined unless signature, algorithm, type, issuer, audience and times are as they must be. */
  verify(token: string, publicJwk: JsonWebKey, signedFor: SignedFor): Promise<AccessClaims | undefined>;
}
