import { cachedResponse } from './cached-response.ts';
import { type EdgeCache, sharedMaxAge } from './edge-cache.ts';
import type { OssOrigin } from './edge-messages.ts';
import { requestOrigin } from './origin-request.ts';
import { objectPath, ossReadHeaders } from './oss-read-signature.ts';

const FORWARDED = ['range', 'if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since', 'if-range'];

/**
 * Reads an object of a private bucket through the edge cache, as ESA does for a record whose source is OSS. The cache key
 * is the full URL and `Cache-Control` decides whether an answer is kept. The query reaches the cache key but not OSS: a
 * signed `?acl` would read more than the object.
 */
export async function fetchBucket(
  request: Request,
  bucket: string,
  origin: OssOrigin,
  cache: EdgeCache,
): Promise<Response> {
  const { method } = request;
  if (method !== 'GET' && method !== 'HEAD')
    return new Response('The origin of this host is read-only.\n', { status: 405, headers: { allow: 'GET, HEAD' } });
  const cached = cache.get(request.url);
  if (cached) return cachedResponse(request, cached);

  const key = objectKey(request.url);
  if (key === undefined) return new Response('The path is not valid.\n', { status: 400 });
  const purgesBefore = cache.purges;
  const forwarded = FORWARDED.flatMap((name) => {
    const value = request.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  const answer = await requestOrigin({
    url: new URL(objectPath(bucket, key), origin.endpoint),
    method,
    headers: [...Object.entries(ossReadHeaders(origin, method, bucket, key)), ...forwarded],
    signal: request.signal,
  });
  answer.headers.set('x-site-cache-status', 'MISS');
  const ttl = sharedMaxAge(answer.headers) ?? 0;
  const length = Number(answer.headers.get('content-length') ?? 0);
  if (method !== 'GET' || answer.status !== 200 || ttl === 0 || length > cache.maxEntryBytes || !answer.body)
    return answer;

  const headers = [...answer.headers].filter(([name]) => name !== 'x-site-cache-status');
  const store = (body: Uint8Array) => {
    // Purged while in transit: what we hold may be the old object.
    if (cache.purges !== purgesBefore) return;
    const storedAt = Date.now();
    cache.put(request.url, { status: 200, headers, body, storedAt, expiresAt: storedAt + ttl * 1000 });
  };
  return new Response(answer.body.pipeThrough(collecting(cache.maxEntryBytes, store)), answer);
}

function objectKey(url: string): string | undefined {
  try {
    return decodeURIComponent(new URL(url).pathname.slice(1));
  } catch {
    return undefined;
  }
}

/** Passes chunks on at once, and hands over the whole body once it has ended within the limit. */
function collecting(limit: number, done: (whole: Uint8Array) => void): TransformStream<Uint8Array, Uint8Array> {
  let chunks: Uint8Array[] = [];
  let size = 0;
  return new TransformStream({
    transform(chunk, controller) {
      size += chunk.byteLength;
      if (size <= limit) chunks.push(chunk);
      else chunks = [];
      controller.enqueue(chunk);
    },
    flush() {
      if (size <= limit) done(Buffer.concat(chunks));
    },
  });
}
