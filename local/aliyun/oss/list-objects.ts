import { bucketOf, type ObjectStorage, type Operation, sendXml } from './object-storage.ts';
import type { StoredObject } from './open-object-state.ts';
import { invalidArgument } from './oss-error.ts';
import type { OssRequest } from './oss-request.ts';
import { xmlDocument } from './oss-xml.ts';

const DEFAULT_MAX_KEYS = 100;
const MAX_KEYS = 1000;

/** ListObjectsV2 for `list-type=2`, ListObjects (V1) otherwise. */
export const listObjects: Operation = (storage, request, response) => {
  const bucket = bucketOf(storage, request);
  const isV2 = request.query.get('list-type') === '2';
  const parameter = (name: string) => request.query.get(name) ?? '';
  const encoded = parameter('encoding-type') === 'url';
  const encode = (text: string) => (encoded ? encodeURIComponent(text) : text);
  const optional = (text: string) => (text === '' ? undefined : encode(text));
  const token = request.query.get('continuation-token');
  const page = readPage(storage, {
    bucket,
    prefix: parameter('prefix'),
    delimiter: parameter('delimiter'),
    after: isV2 ? (token === undefined ? parameter('start-after') : readToken(token)) : parameter('marker'),
    limit: readMaxKeys(request),
  });
  const owner = { ID: storage.ownerId, DisplayName: storage.ownerId };
  const contents = page.objects.map((object) => ({
    Key: encode(object.key),
    LastModified: new Date(object.lastModified).toISOString(),
    ETag: `"${object.etag}"`,
    Type: object.type,
    Size: object.size,
    StorageClass: 'Standard',
    Owner: !isV2 || parameter('fetch-owner') === 'true' ? owner : undefined,
  }));
  const document = xmlDocument('ListBucketResult', {
    Name: bucket,
    Prefix: encode(parameter('prefix')),
    MaxKeys: readMaxKeys(request),
    Delimiter: optional(parameter('delimiter')),
    EncodingType: encoded ? 'url' : undefined,
    IsTruncated: page.next !== undefined,
    ...(isV2
      ? {
          StartAfter: optional(parameter('start-after')),
          ContinuationToken: token,
          NextContinuationToken: page.next === undefined ? undefined : Buffer.from(page.next).toString('base64'),
          KeyCount: page.objects.length + page.prefixes.length,
        }
      : { Marker: encode(parameter('marker')), NextMarker: page.next === undefined ? undefined : encode(page.next) }),
    Contents: contents,
    CommonPrefixes: page.prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
  });
  sendXml(response, document);
};

interface PageRequest {
  readonly bucket: string;
  readonly prefix: string;
  readonly delimiter: string;
  /** A key, or a common prefix: what comes after it is listed. */
  readonly after: string;
  readonly limit: number;
}

interface Page {
  readonly objects: readonly StoredObject[];
  readonly prefixes: readonly string[];
  /** The last entry of this page, when there is a further one. */
  readonly next: string | undefined;
}

function readPage(storage: ObjectStorage, { bucket, prefix, delimiter, after, limit }: PageRequest): Page {
  const objects: StoredObject[] = [];
  const prefixes: string[] = [];
  let last = after;
  const from = Buffer.compare(Buffer.from(prefix), Buffer.from(after)) > 0 ? prefix : after;
  for (const object of storage.state.objectsFrom(bucket, from)) {
    if (!object.key.startsWith(prefix)) break;
    const cut = delimiter === '' ? -1 : object.key.indexOf(delimiter, prefix.length);
    const entry = cut < 0 ? object.key : object.key.slice(0, cut + delimiter.length);
    // Listed already: what `after` names, or a further key under the same common prefix.
    if (entry === last) continue;
    if (objects.length + prefixes.length === limit) return { objects, prefixes, next: last };
    if (cut < 0) objects.push(object);
    else prefixes.push(entry);
    last = entry;
  }
  return { objects, prefixes, next: undefined };
}

function readMaxKeys(request: OssRequest): number {
  const value = request.query.get('max-keys');
  if (value === undefined || value === '') return DEFAULT_MAX_KEYS;
  const limit = Number(value);
  if (/^\d+$/.test(value) && limit >= 1 && limit <= MAX_KEYS) return limit;
  throw invalidArgument(`The max-keys must be between 1 and ${MAX_KEYS}.`, 'max-keys', value);
}

function readToken(token: string): string {
  const key = Buffer.from(token, 'base64');
  if (key.length > 0 && key.toString('base64') === token) return key.toString();
  throw invalidArgument('The continuation token is not valid.', 'continuation-token', token);
}
