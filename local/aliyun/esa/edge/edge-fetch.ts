import { requestOrigin } from './origin-request.ts';

const MAX_REDIRECTS = 12;
/** What this edge writes into `CDN-Loop` (RFC 8586): a request that arrives with it would loop forever. */
export const LOOP_TOKEN = 'miaobu-local-edge';
const REDIRECTS = [301, 302, 303, 307, 308];

export type EdgeFetch = (
  input: string | URL | Request,
  init?: RequestInit & { decompress?: string },
) => Promise<Response>;

/**
 * The global `fetch` of a routine. A request for a host of the zone is answered by `fetchFromZone` (undefined: not of the
 * zone); any other goes out. Bodies stream. A gzip answer is decoded and its `content-encoding` removed unless `decompress`
 * is `manual`; any other encoding is an error unless it is `manual` or `fallbackIdentity`. Redirects are followed, at most
 * 12. Specified in Alibaba Cloud's "Fetch API" of ESA edge functions.
 */
export function createEdgeFetch(fetchFromZone: (request: Request) => Promise<Response> | undefined): EdgeFetch {
  return async (input, init) => {
    const request = new Request(input, init);
    return decompressed(await followed(request, fetchFromZone), init?.decompress ?? 'decompress');
  };
}

async function followed(request: Request, fetchFromZone: (request: Request) => Promise<Response> | undefined) {
  let { url, method } = request;
  let body = request.body;
  for (let redirects = 0; ; redirects += 1) {
    const { headers, signal } = request;
    const step = redirects === 0 ? request : new Request(url, { method, headers, signal });
    const outside = {
      url: new URL(url),
      method,
      headers: [...headers, ['cdn-loop', LOOP_TOKEN] as const],
      body,
      signal,
    };
    const answer = (await fetchFromZone(step)) ?? (await requestOrigin(outside));
    const location = answer.headers.get('location');
    if (!REDIRECTS.includes(answer.status) || location === null || request.redirect === 'manual') return answer;
    if (request.redirect === 'error') throw new TypeError(`fetch was redirected: ${url}`);
    if (redirects === MAX_REDIRECTS) throw new TypeError(`fetch was redirected too often: ${url}`);
    await answer.body?.cancel();
    const reads = method === 'GET' || method === 'HEAD';
    if (answer.status === 307 && !reads) throw new TypeError(`fetch follows 307 for GET only: ${url}`);
    if (!reads) method = 'GET';
    body = null;
    url = new URL(location, url).href;
  }
}

function decompressed(response: Response, mode: string): Response {
  const encodings = (response.headers.get('content-encoding') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const encoding = encodings.findLast((name) => name !== 'identity' && name !== '');
  if (mode === 'manual' || encoding === undefined || !response.body) return response;
  if (encoding !== 'gzip') {
    if (mode === 'fallbackIdentity') return response;
    throw new TypeError(`fetch cannot decode ${encoding}; ask for the bytes with decompress: 'manual'.`);
  }
  const headers = new Headers(response.headers);
  headers.delete('content-encoding');
  headers.delete('content-length');
  return new Response(
    response.body.pipeThrough(new DecompressionStream('gzip') as ReadableWritablePair<Uint8Array, Uint8Array>),
    {
      status: response.status,
      statusText: response.statusText,
      headers,
    },
  );
}
