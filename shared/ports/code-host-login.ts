/** A user of the code host. */
export interface CodeHostUser {
  /** Stable; the login can change. */
  readonly id: number;
  readonly login: string;
}

/** The access that a user has granted us. */
export interface CodeHostGrant {
  readonly token: string;
  /** When the token expires, if it does, and what refreshes it. */
  readonly expiresAt?: Date;
  readonly refreshToken?: string;
}

/**
 * Sign-in with an account at the code host: OAuth's authorization code with PKCE (RFC 6749, 7636). Errors of every call:
 * `code_host_unavailable`, `code_host_throttled`, `code_host_unauthorized` (invalid token), `platform_misconfigured`
 * (the application itself is refused), `vendor_rejected`.
 */
export interface CodeHostLogin {
  /** Where to send the browser. It returns to `redirectUri` with `code` and `state`, or with `error` and `state`. */
  authorizeUrl(attempt: {
    readonly redirectUri: string;
    readonly state: string;
    /** S256 of the verifier. */
    readonly challenge: string;
  }): string;
  /** Undefined when the code is invalid: unknown, used, expired, or issued for another verifier or address. */
  exchangeCode(attempt: {
    readonly code: string;
    readonly redirectUri: string;
    readonly verifier: string;
  }): Promise<CodeHostGrant | undefined>;
  /**
   * The grant that replaces an expiring one. A refresh token can be used once; using it voids it and the previous access token. Undefined
   * when it is invalid: used, expired, or revoked by the user.
   */
  refresh(refreshToken: string): Promise<CodeHostGrant | undefined>;
  getUser(token: string): Promise<CodeHostUser>;
  /** Whether the token's user is an active member; false also when the organisation denies us access. */
  isMember(token: string, organisation: string): Promise<boolean>;
  /** Revokes a token for good. Does nothing when it is already invalid. */
  revoke(token: string): Promise<void>;
}
