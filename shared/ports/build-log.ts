/** One piece of a build's output, as its runner numbered it. */
export interface BuildLogChunk {
  /** Counts from 0 within an attempt, without gaps. */
  readonly chunk: number;
  /** At most `LOG_CHUNK_LIMIT_BYTES` of UTF-8. */
  readonly text: string;
  /** When the runner read the first of it. */
  readonly at: Date;
}

export interface BuildLogEntry {
  /** The place after this entry; opaque, and good for ever (an SSE event id, a page's cursor). */
  readonly cursor: string;
  readonly attempt: number;
  /** ISO 8601. */
  readonly at: string;
  readonly text: string;
}

export interface BuildLogPage {
  readonly entries: readonly BuildLogEntry[];
  /** Cursor of the last entry, when there may be more to read. Without it the reader has all there is for now. */
  readonly nextCursor?: string;
}

/**
 * What builds print, by deployment and attempt. Every operation may be repeated.
 * Errors: `log_store_unavailable` (try again), `vendor_rejected` (a mistake of ours in what is asked, or how it is set up).
 */
export interface BuildLog {
  /**
   * Keeps what is new, and returns how many chunks that were: of a chunk number written twice the first text stays. After an error any
   * of the chunks may be there.
   */
  append(
    key: { readonly deploymentId: string; readonly attempt: number },
    chunks: readonly BuildLogChunk[],
  ): Promise<number>;
  /**
   * The entries after a cursor (without one: from the beginning), attempt by attempt in the order of their numbers.
   * Gives up to `limit`, and fewer when they are large.
   *
   * While a build runs, the latest attempt is read up to the first number that is missing: it may still be on its way,
   * and a reader that went past it would never see it. Whoever knows that the build has `ended` reads past what was
   * lost. An attempt is over when a later one has written.
   *
   * Throws `invalid_request` for a cursor that is not one.
   */
  read(
    key: { readonly deploymentId: string },
    options: { readonly after?: string | undefined; readonly limit: number; readonly ended?: boolean },
  ): Promise<BuildLogPage>;
  /** Forgets everything about the deployment, which writes no more. */
  delete(deploymentId: string): Promise<void>;
}
