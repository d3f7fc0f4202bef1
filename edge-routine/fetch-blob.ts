import type { ByteRange } from './byte-range.ts';
import type { EdgeDeps } from './edge-deps.ts';

export type BlobAnswer =
  /** `part`: the range alone. A bucket or cache may ignore a range and send the whole. */
  | { readonly kind: 'blob'; readonly part: ByteRange | undefined; readonly body: ReadableStream | null }
  /** `busy`: worth retrying soon. Otherwise missing, refused, not the blob, or unreachable. */
  | { readonly kind: 'unreadable'; readonly busy: boolean; readonly reason: string };

async function connect(fetchOrigin: EdgeDeps['fetchOrigin'], request: () => Request): Promise<Response> {
  try {
    return await fetchOrigin(request());
  } catch {
    return fetchOrigin(request());
  }
}

/** Why a response is not the blob that was asked for, or undefined when it is. */
function mismatch(response: Response, bytes: number, range: ByteRange | undefined): string | undefined {
  const coding = response.headers.get('content-encoding');
  if (coding && coding !== 'identity') return `content-encoding ${coding}`;
  const length = response.headers.get('content-length');
  if (response.status === 200) return length && Number(length) !== bytes ? `content-length ${length}` : undefined;
  if (response.status !== 206 || !range) return `status ${response.status}`;
  const part = response.headers.get('content-range');
  if (part !== `bytes ${range.first}-${range.last}/${bytes}`) return `content-range ${part}`;
  return length && Number(length) !== range.last - range.first + 1 ? `content-length ${length}` : undefined;
}

/**
 * Reads a blob through ESA, which is authorized to read the private bucket and caches what it reads.
 *
 * The sub-request carries nothing from the visitor except the range: no cookie, no authorization, no forwarding header. It
 * asks for `identity`, so that the bytes are those the manifest counted. A connection error is tried once more.
 */
export async function fetchBlob(
  fetchOrigin: EdgeDeps['fetchOrigin'],
  blob: { readonly url: string; readonly bytes: number },
  range: ByteRange | undefined,
): Promise<BlobAnswer> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (range) headers.range = `bytes=${range.first}-${range.last}`;
  let response: Response;
  try {
    // Redirects are not followed: a bucket has none, and one would lead out of the project's own content.
    response = await connect(fetchOrigin, () => new Request(blob.url, { headers, redirect: 'manual' }));
  } catch (error) {
    return { kind: 'unreadable', busy: false, reason: String(error) };
  }
  const reason = mismatch(response, blob.bytes, range);
  if (reason === undefined) {
    return { kind: 'blob', part: response.status === 206 ? range : undefined, body: response.body };
  }
  await response.body?.cancel().catch(() => undefined);
  return { kind: 'unreadable', busy: response.status === 429 || response.status === 503, reason };
}
