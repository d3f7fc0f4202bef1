import { cachedByteRange } from './cached-byte-range.ts';
import type { CachedAnswer } from './edge-cache.ts';

/** Answers a GET or HEAD from the cache, with 304 and 206 where the request asks for them. */
export function cachedResponse(request: Request, entry: CachedAnswer): Response {
  const headers = new Headers(entry.headers.map(([name, value]) => [name, value]));
  headers.set('age', String(Math.floor((Date.now() - entry.storedAt) / 1000)));
  headers.set('x-site-cache-status', 'HIT');
  const isHead = request.method === 'HEAD';
  if (notModified(request, headers)) {
    headers.delete('content-length');
    return new Response(null, { status: 304, headers });
  }
  const range = ifRangeHolds(request, headers)
    ? cachedByteRange(request.headers.get('range'), entry.body.byteLength)
    : undefined;
  if (range === 'unsatisfiable') {
    headers.set('content-range', `bytes */${entry.body.byteLength}`);
    headers.set('content-length', '0');
    return new Response(null, { status: 416, headers });
  }
  const [first, last] = range ?? [0, entry.body.byteLength - 1];
  headers.set('content-length', String(last - first + 1));
  if (range) headers.set('content-range', `bytes ${first}-${last}/${entry.body.byteLength}`);
  const body = isHead ? null : Uint8Array.from(entry.body.subarray(first, last + 1));
  return new Response(body, { status: range ? 206 : entry.status, headers });
}

function notModified(request: Request, stored: Headers): boolean {
  const wanted = request.headers.get('if-none-match');
  const etag = stored.get('etag');
  if (wanted !== null) {
    const weak = (tag: string) => tag.trim().replace(/^W\//, '');
    return etag !== null && (wanted.trim() === '*' || wanted.split(',').some((tag) => weak(tag) === weak(etag)));
  }
  const since = Date.parse(request.headers.get('if-modified-since') ?? '');
  return Date.parse(stored.get('last-modified') ?? '') <= since;
}

function ifRangeHolds(request: Request, stored: Headers): boolean {
  const condition = request.headers.get('if-range');
  return condition === null || condition === stored.get('etag') || condition === stored.get('last-modified');
}
