import type { BeforeCall } from './before-call.ts';

/**
 * The hostnames that the edge serves, and its cache. Every method may be repeated, and rejects with an `AppError`:
 * `edge_unavailable` or `vendor_throttled` when a later try may succeed, else `vendor_rejected`.
 */
export interface EdgeZone {
  /**
   * Makes the edge serve a hostname of the zone with a private bucket behind it; an existing record is adopted, and
   * corrected where it differs.
   */
  ensureSiteRecord(
    site: SiteRecord,
    beforeCall?: BeforeCall,
  ): Promise<{
    /** Where the hostname's DNS has to point. */
    readonly cname: string;
    /** Whether it was not so before. */
    readonly changed: boolean;
  }>;
  /** Succeeds when there is none. */
  deleteSiteRecord(hostname: string, beforeCall?: BeforeCall): Promise<void>;
  /** Asks the edge to forget what it cached of a hostname. Done some seconds after this resolves. */
  purgeHostname(hostname: string): Promise<void>;
}

export interface SiteRecord {
  readonly hostname: string;
  /** `{bucket}.oss-{region}.aliyuncs.com`. */
  readonly originBucketDomain: string;
}
