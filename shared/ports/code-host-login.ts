/** Who signed in at the code host. */
export interface CodeHostUser {
  /** Stable; a login is not. */
  readonly id: number;
  readonly login: string;
}

/** What a user lets us do in their name. */
export interface CodeHostGrant {
  readonly token: string;
  /** When the token ends, if it does, and with what the next one is got. */
  readonly expiresAt?: Date;
  readonly refreshToken?: string;
}

/**
 * Sign-in with an account at the code host: OAuth's authorization code with PKCE (RFC 6749, 7636). Errors of every call:
 * `code_host_unavailable`, `code_host_throttled`, `code_host_unauthorized` (the token counts no more), `vendor_rejected`.
 */
export interface CodeHostLogin {
  /** Where the browser is sent. It comes back to `redirectUri` with `code` and `state`, or with `error` and `state`. */
  authorizeUrl(attempt: {
    readonly redirectUri: string;
    readonly state: string;
    /** S256 of the verifier. */
    readonly challenge: string;
  }): string;
  /** Undefined when the code does not count: unknown, used, too old, or got with another verifier or address. */
  exchangeCode(attempt: {
    readonly code: string;
    readonly redirectUri: string;
    readonly verifier: string;
  }): Promise<CodeHostGrant | undefined>;
  /**
   * The next grant after one that ends. A refresh token counts once; with its use it and the token of before are void. Undefined when it
   * does not count: used, too old, or taken back by the user.
   */
  refresh(refreshToken: string): Promise<CodeHostGrant | undefined>;
  getUser(token: string): Promise<CodeHostUser>;
  /** Whether the token's user is an active member; false also when the organisation does not let us ask. */
  isMember(token: string, organisation: string): Promise<boolean>;
  /** Gives a token back, for all time. Does nothing when it counts no more. */
  revoke(token: string): Promise<void>;
}
