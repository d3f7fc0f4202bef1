import type { BeforeCall } from './before-call.ts';

/**
 * The public DNS of one domain of ours. Every method may be repeated, and rejects with an `AppError`: `dns_unavailable` or
 * `vendor_throttled` when a later try may succeed, else `vendor_rejected`; `invalid_request` for a hostname outside of the
 * domain.
 */
export interface DnsZone {
  /**
   * Makes the hostname an alias of `target` and of nothing else. Refused when it has records of another type. Says whether it was
   * not so before.
   */
  upsertCname(alias: CnameRecord, beforeCall?: BeforeCall): Promise<{ readonly changed: boolean }>;
  /** Succeeds when there is none. */
  deleteCname(hostname: string): Promise<void>;
}

export interface CnameRecord {
  readonly hostname: string;
  readonly target: string;
  /** How long resolvers may keep it: 600 to 86 400. */
  readonly ttlSeconds: number;
}
