import { pipeline } from 'node:stream/promises';
import { type Operation, objectAddress } from './object-storage.ts';
import type { StoredObject } from './open-object-state.ts';
import { OssError } from './oss-error.ts';
import type { OssRequest } from './oss-request.ts';

/** GetObject, and HeadObject for the method HEAD. */
export const getObject: Operation = async (storage, request, response) => {
  const { bucket, key } = objectAddress(storage, request);
  const object = storage.state.findObject(bucket, key);
  if (!object) throw new OssError(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key });
  const headers = {
    ...object.headers,
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.lastModified).toUTCString(),
    'accept-ranges': 'bytes',
    'x-oss-object-type': object.type,
    'x-oss-storage-class': 'Standard',
    'x-oss-hash-crc64ecma': object.crc64,
    ...(object.type === 'Normal' ? { 'content-md5': Buffer.from(object.etag, 'hex').toString('base64') } : {}),
  };
  if (!isModified(object, request)) {
    response.writeHead(304, headers).end();
    return;
  }
  const range = request.method === 'GET' ? requestedRange(object.size, request) : undefined;
  const contentLength = range ? range.end - range.start + 1 : object.size;
  // Opened before anything is awaited: the row and its file are read in one step.
  const content = request.method === 'GET' ? storage.blobs.open(object.blob, range) : undefined;
  response.writeHead(range ? 206 : 200, {
    ...headers,
    'content-length': contentLength,
    ...(range ? { 'content-range': `bytes ${range.start}-${range.end}/${object.size}` } : {}),
  });
  if (content) await pipeline(content, response);
  else response.end();
};

/** Throws 412 when a precondition fails; false means 304. */
function isModified(object: StoredObject, request: OssRequest): boolean {
  const lists = (name: string) =>
    request.headers
      .get(name)
      ?.split(',')
      .map((tag) => tag.trim().replaceAll('"', ''))
      .some((tag) => tag === '*' || tag === object.etag);
  const seconds = Math.floor(object.lastModified / 1000) * 1000;
  const time = (name: string) => {
    const value = Date.parse(request.headers.get(name) ?? '');
    return Number.isNaN(value) ? undefined : value;
  };
  const unmodifiedSince = time('if-unmodified-since');
  if (lists('if-match') === false) throw preconditionFailed('If-Match');
  if (unmodifiedSince !== undefined && seconds > unmodifiedSince) throw preconditionFailed('If-Unmodified-Since');
  const noneMatch = lists('if-none-match');
  if (noneMatch !== undefined) return !noneMatch;
  const modifiedSince = time('if-modified-since');
  return modifiedSince === undefined || seconds > modifiedSince;
}

const preconditionFailed = (condition: string) =>
  new OssError(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold.', {
    Condition: condition,
  });

/**
 * The first range asked for, or undefined for the whole object. OSS ignores a range that is malformed or leaves the
 * object, unless `x-oss-range-behavior: standard` asks for what HTTP says: cut it to the object, or 416.
 */
function requestedRange(size: number, request: OssRequest): { start: number; end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)(?:,.*)?$/.exec(request.headers.get('range') ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? size - Number(last) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Number(last);
  if (first !== '' && last !== '' && end < start) return undefined;
  if (start >= 0 && start < size && end < size) return { start, end };
  if (request.headers.get('x-oss-range-behavior') !== 'standard') return undefined;
  if (start >= size) {
    throw new OssError(416, 'InvalidRange', 'The requested range cannot be satisfied', {
      ActualObjectSize: String(size),
      RangeHeader: request.headers.get('range') ?? '',
    });
  }
  return { start: Math.max(start, 0), end: Math.min(end, size - 1) };
}
