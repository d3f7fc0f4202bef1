/** One chunk of a build's output, as numbered by its runner. */
export interface BuildLogChunk {
  /** Counts from 0 within an attempt, without gaps. */
  readonly chunk: number;
  /** At most `LOG_CHUNK_LIMIT_BYTES` of UTF-8. */
  readonly text: string;
  /** When the runner read its first byte. */
  readonly at: Date;
}

export interface BuildLogEntry {
  /** The position after this entry; opaque, never expires (an SSE event id, a page's cursor). */
  readonly cursor: string;
  readonly attempt: number;
  /** ISO 8601. */
  readonly at: string;
  readonly text: string;
}

export interface BuildLogPage {
  readonly entries: readonly BuildLogEntry[];
  /** Cursor of the last entry, when there may be more to read. Absent: the reader has everything so far. */
  readonly nextCursor?: string;
}

/**
 * What builds print, by deployment and attempt. Every operation is idempotent.
 * Errors: `log_store_unavailable` and `vendor_throttled` (retry), `platform_misconfigured` (the platform itself is refused, or its table is
 * missing), `vendor_rejected` (a mistake of ours in the request).
 */
export interface BuildLog {
  /**
   * Stores new chunks and returns how many were new: a repeated chunk number keeps its first text. After an error any of the chunks may
   * be stored.
   */
  append(
    key: { readonly deploymentId: string; readonly attempt: number },
    chunks: readonly BuildLogChunk[],
  ): Promise<number>;
  /**
   * The entries after a cursor (without one: from the beginning), attempt by attempt in numerical order. Up to `limit`, and fewer when
   * they are large.
   *
   * While a build runs, the latest attempt is read up to the first missing number: that chunk may still be on its way, and a reader that
   * went past it would never see it. With `ended`, for a build known to have ended, lost chunks are skipped. An attempt is over when a
   * later one has written.
   *
   * Throws `invalid_request` for a malformed cursor.
   */
  read(
    key: { readonly deploymentId: string },
    options: { readonly after?: string | undefined; readonly limit: number; readonly ended?: boolean },
  ): Promise<BuildLogPage>;
  /** Deletes everything about the deployment, which must no longer write. */
  delete(deploymentId: string): Promise<void>;
}
