import type { BeforeCall } from './before-call.ts';

/**
 * The public DNS of one of our domains. Every method is idempotent, and rejects with an `AppError`: `dns_unavailable` or
 * `vendor_throttled` when a retry may succeed (after `details.retryAfterSeconds`, if stated), `platform_misconfigured` when the
 * platform itself is refused, else `vendor_rejected`; `invalid_request` for a hostname outside the domain.
 */
export interface DnsZone {
  /**
   * Makes the hostname a CNAME of `target` and of nothing else. Refused when it has records of another type. Returns whether this changed
   * anything.
   */
  upsertCname(alias: CnameRecord, beforeCall?: BeforeCall): Promise<{ readonly changed: boolean }>;
  /** Succeeds when there is none. */
  deleteCname(hostname: string): Promise<void>;
}

export interface CnameRecord {
  readonly hostname: string;
  readonly target: string;
  /** How long resolvers may cache it: 600 to 86 400. */
  readonly ttlSeconds: number;
}
