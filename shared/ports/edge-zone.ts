import type { BeforeCall } from './before-call.ts';

/**
 * The hostnames that the edge serves, and its cache. Every method is idempotent, and rejects with an `AppError`: `edge_unavailable` or
 * `vendor_throttled` when a retry may succeed (after `details.retryAfterSeconds`, if stated), `platform_misconfigured` when the
 * platform itself is refused, else `vendor_rejected`.
 */
export interface EdgeZone {
  /** Makes the edge serve a hostname of the zone from a private bucket; an existing record is adopted, and corrected where it differs. */
  ensureSiteRecord(
    site: SiteRecord,
    beforeCall?: BeforeCall,
  ): Promise<{
    /** Where the hostname's DNS has to point. */
    readonly cname: string;
    /** Whether this changed anything. */
    readonly changed: boolean;
  }>;
  /** Succeeds when there is none. */
  deleteSiteRecord(hostname: string, beforeCall?: BeforeCall): Promise<void>;
  /** Purges the edge's cache for a hostname. Takes effect some seconds after this resolves. */
  purgeHostname(hostname: string): Promise<void>;
}

export interface SiteRecord {
  readonly hostname: string;
  /** `{bucket}.oss-{region}.aliyuncs.com`. */
  readonly originBucketDomain: string;
}
