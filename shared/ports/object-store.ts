import type { Readable } from 'node:stream';

export interface StoredObjectEntry {
  readonly key: string;
  readonly size: number;
  readonly lastModified: Date;
}

export interface PutObjectOptions {
  /** Default: what the store guesses from the key's extension. */
  readonly contentType?: string;
  /** Of a stream, when it is known. */
  readonly contentLength?: number;
  /** Fail with `conflict` instead of replacing an object. */
  readonly forbidOverwrite?: boolean;
}

export interface PresignPutOptions {
  /** Exactly as many bytes may be sent. */
  readonly contentLength: number;
  readonly contentType?: string;
  /** In base64. It has to be sent as `content-md5`, and what arrives has to be it: bytes that were damaged on the way are refused (400). */
  readonly contentMd5?: string;
  /**
   * The link works once: after its upload, or any other to that key, it is refused (409). Without it, whoever holds
   * the link can replace the object until it expires.
   */
  readonly forbidOverwrite?: boolean;
  readonly expiresInSeconds: number;
}

/**
 * One bucket. Keys have at most 1023 bytes and no leading slash. Every method throws `object_store_unavailable` when
 * the same call may succeed later, `vendor_throttled` when the store asks to slow down, and `vendor_rejected` for what
 * it will not do (a wrong key pair, a missing bucket on writing).
 */
export interface ObjectStore {
  /** Whole or not at all. A stream is not held in memory; it is consumed or destroyed. */
  put(key: string, body: Buffer | Readable, options?: PutObjectOptions): Promise<void>;
  /** Undefined when missing. Read the body to its end or destroy it: it holds a connection. */
  get(
    key: string,
  ): Promise<{ readonly body: Readable; readonly size: number; readonly contentType?: string } | undefined>;
  /** The whole content, undefined when missing; `payload_too_large` above the limit. */
  read(key: string, limitBytes: number): Promise<Buffer | undefined>;
  /** `etag` is quoted. Undefined when missing. */
  head(key: string): Promise<{ readonly size: number; readonly etag: string } | undefined>;
  /** Any number of keys, also such as do not exist. Not one step: after an error, call again. */
  delete(keys: readonly string[]): Promise<void>;
  /** In the order of the keys' bytes. `limit` is at most 1000, which is also the default. */
  list(
    prefix: string,
    page?: { readonly cursor?: string; readonly limit?: number },
  ): Promise<{ readonly objects: readonly StoredObjectEntry[]; readonly nextCursor?: string }>;
  /** What follows `prefix` in its keys up to the next slash, each once with that slash: `projects/` → `projects/blog/`, … */
  listFolders(
    prefix: string,
    page?: { readonly cursor?: string; readonly limit?: number },
  ): Promise<{ readonly folders: readonly string[]; readonly nextCursor?: string }>;
  /** A link for one PUT by whoever holds it. Exactly these headers must be sent with it: one more is refused too. */
  presignPut(
    key: string,
    options: PresignPutOptions,
  ): Promise<{ readonly url: string; readonly headers: Readonly<Record<string, string>> }>;
}
