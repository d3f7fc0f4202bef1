import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { isHopByHop } from './hop-by-hop-headers.ts';

const agents = { plain: new http.Agent({ keepAlive: true }), secure: new https.Agent({ keepAlive: true }) };

const NULL_BODY_STATUSES = [101, 204, 205, 304];

/** `*.localhost` is this machine (RFC 6761), which Node's resolver does not know; other names are left to it. */
const loopback: LookupFunction = (_hostname, options, callback) => {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

export interface OriginRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Iterable<readonly [string, string]>;
  readonly body?: ReadableStream | null;
  readonly signal: AbortSignal;
}

/**
 * One HTTP exchange with an origin. Unlike `fetch` it neither decodes the body nor follows redirects, so that bytes pass
 * through the edge as they are; both directions stream. `Host` is the URL's. Rejects when there is no answer.
 */
export async function requestOrigin(request: OriginRequest): Promise<Response> {
  if (request.url.protocol !== 'http:' && request.url.protocol !== 'https:')
    throw new TypeError(`fetch cannot read ${request.url.protocol} URLs.`);
  const incoming = await exchange(request);
  const status = incoming.statusCode ?? 502;
  const headers = new Headers();
  const hopByHop = isHopByHop(incoming.headers.connection);
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    const [name = '', value = ''] = [incoming.rawHeaders[i], incoming.rawHeaders[i + 1]];
    if (!hopByHop(name)) headers.append(name, value);
  }
  const hasBody = request.method !== 'HEAD' && !NULL_BODY_STATUSES.includes(status);
  if (!hasBody) incoming.resume();
  const body = hasBody ? (Readable.toWeb(incoming) as ReadableStream) : null;
  return new Response(body, { status, statusText: incoming.statusMessage ?? '', headers });
}

function exchange(request: OriginRequest, mayRetry = true): Promise<IncomingMessage> {
  const { url, method, body, signal } = request;
  const headers = [...request.headers];
  const hopByHop = isHopByHop(headers.find(([name]) => name.toLowerCase() === 'connection')?.[1]);
  const isLocal = url.hostname === 'localhost' || url.hostname.endsWith('.localhost');
  const secure = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const outgoing = (secure ? https : http).request(url, {
      method,
      signal,
      agent: secure ? agents.secure : agents.plain,
      ...(isLocal ? { lookup: loopback } : {}),
    });
    for (const [name, value] of headers) {
      const unfit =
        ['host', 'expect'].includes(name.toLowerCase()) || (!body && name.toLowerCase() === 'content-length');
      if (!unfit && !hopByHop(name)) outgoing.appendHeader(name, value);
    }
    outgoing.once('response', resolve);
    outgoing.on('error', (error) => {
      // The origin closed an idle connection just as it was reused: nothing was processed.
      if (mayRetry && !body && outgoing.reusedSocket && !signal.aborted) resolve(exchange(request, false));
      else reject(error);
    });
    if (!body) return void outgoing.end();
    const source = Readable.fromWeb(body as NodeReadableStream);
    source.on('error', (error) => outgoing.destroy(error));
    source.pipe(outgoing);
  });
}
