import type { ServerResponse } from 'node:http';
import { type BlobFiles, entityTooLarge, type StoredBlob } from './blob-files.ts';
import { fileAlreadyExists, type ObjectState, type StoredObject } from './open-object-state.ts';
import { OssError } from './oss-error.ts';
import { checkObjectKey, type OssRequest } from './oss-request.ts';

/** What every operation works on. */
export interface ObjectStorage {
  readonly state: ObjectState;
  readonly blobs: BlobFiles;
  readonly region: string;
  readonly ownerId: string;
  /** Milliseconds. */
  now(): number;
}

/** Answers one kind of request completely, or throws `OssError` before it has begun to answer. */
export type Operation = (storage: ObjectStorage, request: OssRequest, response: ServerResponse) => Promise<void> | void;

/** The limit of one PUT, of one part, and of one form upload. */
export const MAX_UPLOAD_BYTES = 5 * 1024 ** 3;

export interface ObjectToStore {
  readonly bucket: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly forbidOverwrite: boolean;
}

/** Stores an object whole or not at all. `check` may refuse the content once it has arrived. */
export async function storeObject(
  storage: ObjectStorage,
  object: ObjectToStore,
  content: AsyncIterable<Buffer>,
  { limitBytes = MAX_UPLOAD_BYTES, check }: { limitBytes?: number; check?: (blob: StoredBlob) => void } = {},
): Promise<StoredObject> {
  const { bucket, key, headers, forbidOverwrite } = object;
  requireBucket(storage, bucket);
  checkObjectKey(key);
  if (forbidOverwrite && storage.state.findObject(bucket, key)) throw fileAlreadyExists(key);
  const blob = await storage.blobs.write(content, limitBytes);
  try {
    check?.(blob);
    const stored: StoredObject = {
      bucket,
      key,
      blob: blob.id,
      size: blob.size,
      etag: blob.md5.toUpperCase(),
      crc64: blob.crc64,
      type: 'Normal',
      headers,
      lastModified: storage.now(),
    };
    storage.blobs.remove(storage.state.putObject(stored, forbidOverwrite));
    return stored;
  } catch (error) {
    storage.blobs.remove([blob.id]);
    throw error;
  }
}

function requireBucket(storage: ObjectStorage, bucket: string): void {
  if (storage.state.bucketCreatedAt(bucket) === undefined) {
    throw new OssError(404, 'NoSuchBucket', 'The specified bucket does not exist.', { BucketName: bucket });
  }
}

/** The bucket and key of a request to an object, checked. */
export function objectAddress(storage: ObjectStorage, request: OssRequest): { bucket: string; key: string } {
  const bucket = bucketOf(storage, request);
  const key = request.key ?? '';
  checkObjectKey(key);
  return { bucket, key };
}

export function bucketOf(storage: ObjectStorage, request: OssRequest): string {
  const bucket = request.bucket ?? '';
  requireBucket(storage, bucket);
  return bucket;
}

/** The body as it streams in. Leaving it half read does not cut the connection, so that an error can be answered. */
export function bodyOf(request: OssRequest): AsyncIterable<Buffer> {
  const length = request.headers.get('content-length');
  if (length === undefined && !request.headers.has('transfer-encoding')) {
    throw new OssError(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
  }
  if (Number(length) > MAX_UPLOAD_BYTES) throw entityTooLarge(MAX_UPLOAD_BYTES);
  return { [Symbol.asyncIterator]: () => request.message.iterator({ destroyOnReturn: false }) };
}

/** Checks `Content-MD5` against what arrived. */
export function digestCheck(request: OssRequest): (blob: Pick<StoredBlob, 'md5'>) => void {
  const claimed = request.headers.get('content-md5');
  if (claimed === undefined) return () => {};
  const bytes = Buffer.from(claimed, 'base64');
  if (bytes.length !== 16 || bytes.toString('base64') !== claimed) {
    throw new OssError(400, 'InvalidDigest', 'The Content-MD5 you specified is invalid.');
  }
  return (blob) => {
    if (bytes.toString('hex') === blob.md5) return;
    throw new OssError(400, 'InvalidDigest', 'The Content-MD5 you specified did not match what we received.');
  };
}

const keptHeaders =
  /^(content-type|cache-control|content-disposition|content-encoding|content-language|expires|x-oss-meta-.+)$/;

/** What is stored of an upload's headers or form fields, and answered with every GET. */
export const headersToKeep = (headers: Iterable<readonly [string, string]>): Record<string, string> => ({
  'content-type': 'application/octet-stream',
  ...Object.fromEntries(
    [...headers].map(([name, value]) => [name.toLowerCase(), value]).filter(([name]) => keptHeaders.test(name ?? '')),
  ),
});

export const forbidsOverwrite = (request: OssRequest) => request.headers.get('x-oss-forbid-overwrite') === 'true';

export function sendXml(
  response: ServerResponse,
  document: string,
  headers: Record<string, string> = {},
  status = 200,
): void {
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(document),
  });
  response.end(document);
}

export function sendEmpty(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  // A 204 has no length to state.
  response.writeHead(status, status === 204 ? headers : { 'content-length': '0', ...headers });
  response.end();
}
