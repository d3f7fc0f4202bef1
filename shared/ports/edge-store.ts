/**
 * The key-value store that the edge reads. Eventually consistent: a write is durable at once and reaches every place within
 * 300 seconds, each key on its own; the last write of a key wins. Every method rejects with an `AppError`:
 * `edge_unavailable` or `vendor_throttled` when a later try may succeed, else `vendor_rejected`.
 */
export interface EdgeStore {
  /** The key in ASCII without spaces, at most 512 bytes; the value at most 2 MB. */
  put(namespace: string, key: string, value: string): Promise<void>;
  /** Not atomic: after a rejection some may be written. Writing them again is harmless. */
  putMany(namespace: string, entries: readonly EdgeEntry[]): Promise<void>;
  /** What was last written, not what the edge reads yet. Undefined when the key is missing. */
  get(namespace: string, key: string): Promise<string | undefined>;
  /** Succeeds for a missing key too. */
  delete(namespace: string, key: string): Promise<void>;
}

export interface EdgeEntry {
  readonly key: string;
  readonly value: string;
}
