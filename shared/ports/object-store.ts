import type { Readable } from 'node:stream';

export interface StoredObjectEntry {
  readonly key: string;
  readonly size: number;
  readonly lastModified: Date;
}

export interface PutObjectOptions {
  /** Default: what the store guesses from the key's extension. */
  readonly contentType?: string;
  /** For a stream, when it is known. */
  readonly contentLength?: number;
  /** Fail with `conflict` instead of replacing an object. */
  readonly forbidOverwrite?: boolean;
}

export interface PresignPutOptions {
  /** Exactly this many bytes must be sent. */
  readonly contentLength: number;
  readonly contentType?: string;
  /** In base64. It must be sent as `content-md5` and match the body: data damaged in transit is refused (400). */
  readonly contentMd5?: string;
  /**
   * The link works once: after an upload to that key, through it or otherwise, it is refused (409). Without this, the holder of the link
   * can replace the object until it expires.
   */
  readonly forbidOverwrite?: boolean;
  readonly expiresInSeconds: number;
}

/**
 * One bucket. Keys have at most 1023 bytes and no leading slash. Every method throws `object_store_unavailable` when a retry may succeed,
 * `vendor_throttled` when the store asks to slow down (both with `details.retryAfterSeconds`, if stated), `platform_misconfigured` when
 * the platform itself is refused (a wrong key pair, a missing bucket on writing), and `vendor_rejected` for other refusals.
 */
export interface ObjectStore {
  /** Atomic. A stream is not held in memory; it is consumed or destroyed. */
  put(key: string, body: Buffer | Readable, options?: PutObjectOptions): Promise<void>;
  /** Undefined when missing. Read the body to its end or destroy it: it holds a connection. */
  get(
    key: string,
  ): Promise<{ readonly body: Readable; readonly size: number; readonly contentType?: string } | undefined>;
  /** The whole content, undefined when missing; `payload_too_large` above the limit. */
  read(key: string, limitBytes: number): Promise<Buffer | undefined>;
  /** `etag` is quoted. Undefined when missing. */
  head(key: string): Promise<{ readonly size: number; readonly etag: string } | undefined>;
  /** Any number of keys, including missing ones. Not atomic: after an error, call again. */
  delete(keys: readonly string[]): Promise<void>;
  /** In byte order of the keys. `limit` is at most 1000, which is also the default. */
  list(
    prefix: string,
    page?: { readonly cursor?: string; readonly limit?: number },
  ): Promise<{ readonly objects: readonly StoredObjectEntry[]; readonly nextCursor?: string }>;
  /** The distinct segments that follow `prefix`, up to and including the next slash: `projects/` → `projects/blog/`, … */
  listFolders(
    prefix: string,
    page?: { readonly cursor?: string; readonly limit?: number },
  ): Promise<{ readonly folders: readonly string[]; readonly nextCursor?: string }>;
  /** A link for one PUT by whoever holds it. Exactly these headers must be sent with it: an additional one is refused too. */
  presignPut(
    key: string,
    options: PresignPutOptions,
  ): Promise<{ readonly url: string; readonly headers: Readonly<Record<string, string>> }>;
}
