/**
 * The key-value store that the edge reads. Eventually consistent: a write is durable at once and reaches every edge node within 300
 * seconds, each key independently; the last write of a key wins. Every method rejects with an `AppError`: `edge_unavailable` or
 * `vendor_throttled` when a retry may succeed (after `details.retryAfterSeconds`, if stated), `platform_misconfigured` when the
 * platform itself is refused, else `vendor_rejected`.
 */
export interface EdgeStore {
  /** The key in ASCII without spaces, at most 512 bytes; the value at most 2 MB. */
  put(namespace: string, key: string, value: string): Promise<void>;
  /** Not atomic: after a rejection some may be written. Idempotent. */
  putMany(namespace: string, entries: readonly EdgeEntry[]): Promise<void>;
  /** The last written value, which the edge may not read yet. Undefined when the key is missing. */
  get(namespace: string, key: string): Promise<string | undefined>;
  /** Succeeds for a missing key too. */
  delete(namespace: string, key: string): Promise<void>;
  /**
   * Pages of the keys that begin with `prefix`. Beyond 50,000 keys the rest cannot be listed: `truncated` on the last page. Pages are
   * offsets, so deleting a key between two of them may hide another.
   */
  list(namespace: string, prefix: string, cursor?: string): Promise<EdgeKeyPage>;
}

export interface EdgeKey {
  readonly key: string;
  /** Of the last write, to the second. */
  readonly updatedAt: Date;
}

export interface EdgeKeyPage {
  readonly keys: readonly EdgeKey[];
  readonly nextCursor?: string;
  readonly truncated: boolean;
}

export interface EdgeEntry {
  readonly key: string;
  readonly value: string;
}
