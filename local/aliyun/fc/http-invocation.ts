import type { IncomingMessage, ServerResponse } from 'node:http';
import { finished, pipeline } from 'node:stream/promises';
import { AcsError } from '../../wire/acs3.ts';
import { EXITED, MAX_SYNC_BODY_BYTES, timedOut } from './event-invocation.ts';
import { entityTooLarge, invalidArgument } from './fc-errors.ts';
import { fcHeaders } from './fc-headers.ts';
import type { Lease } from './instance-pool.ts';

const MAX_HEADER_BYTES = 8 * 1024;
const MAX_PATH_BYTES = 4 * 1024;

const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'te', 'trailer', 'upgrade'];
/** What a function cannot set itself (FC's "limits of HTTP triggers"). */
const RESERVED_FOR_FC = [...HOP_BY_HOP, 'date', 'server'];

/** A request as the function gets it: the client's own, without what only FC may set. Header names keep their case. */
export interface HttpHead {
  readonly method: string;
  /** Path and query, unchanged. */
  readonly path: string;
  /** Name, value, name, value, … */
  readonly rawHeaders: readonly string[];
}

/** Throws 400 for what FC does not let through. `addedHeaders` are claims of a token. */
export function readHttpHead(request: IncomingMessage, addedHeaders: Record<string, string>): HttpHead {
  const path = request.url ?? '/';
  const rawHeaders = request.rawHeaders;
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw invalidArgument(`path and query are over ${MAX_PATH_BYTES} bytes`);
  const headerBytes = rawHeaders.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (headerBytes > MAX_HEADER_BYTES) throw invalidArgument(`the headers are over ${MAX_HEADER_BYTES} bytes`);
  const added = Object.keys(addedHeaders).map((name) => name.toLowerCase());
  const clientAddress = request.socket.remoteAddress ?? '';
  return {
    method: request.method ?? 'GET',
    path,
    rawHeaders: [
      ...withoutHeaders(
        rawHeaders,
        (name) => HOP_BY_HOP.includes(name) || name === 'expect' || name.startsWith('x-fc-') || added.includes(name),
      ),
      ...Object.entries(addedHeaders).flat(),
      'x-fc-client-ip',
      clientAddress,
    ],
  };
}

function withoutHeaders(rawHeaders: readonly string[], drop: (name: string) => boolean): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (!drop(name.toLowerCase())) kept.push(name, rawHeaders[index + 1] ?? '');
  }
  return kept;
}

/** The same request as sent to an instance; `framing` says how its body is delimited. */
function toInstance(head: HttpHead, lease: Lease, requestId: string, retryCount: number, framing: string[]) {
  const own = fcHeaders(lease.instance.plan, '/http-invoke', requestId, { 'x-fc-retry-count': String(retryCount) });
  return {
    method: head.method,
    path: head.path,
    headers: [...head.rawHeaders, ...framing, ...Object.entries(own).flat()],
  };
}

/**
 * Forwards a request to an instance and its answer to the client, both as they come (server-sent events pass through
 * unbuffered), and gives the lease back. `forced` are headers FC adds to the answer. The function's timeout covers the
 * whole answer. Throws what `writeFcError` turns into FC's answer.
 */
export async function invokeHttp(
  lease: Lease,
  head: HttpHead,
  request: IncomingMessage,
  response: ServerResponse,
  options: { requestId: string; signal: AbortSignal; forced: Record<string, string> },
): Promise<void> {
  const { instance } = lease;
  const { requestId, signal, forced } = options;
  const timeout = AbortSignal.timeout(instance.plan.timeout * 1000);
  const tooLarge = new AbortController();
  const chunked = request.headers['transfer-encoding'] !== undefined;
  const hasBody = chunked || request.headers['content-length'] !== undefined;
  try {
    const answer = await instance.request({
      ...toInstance(head, lease, requestId, 0, chunked ? ['transfer-encoding', 'chunked'] : []),
      ...(hasBody && { send: (body) => sendLimited(request, body, tooLarge) }),
      signal: AbortSignal.any([signal, timeout, tooLarge.signal]),
    });
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', [
      ...withoutHeaders(
        answer.rawHeaders,
        (name) => RESERVED_FOR_FC.includes(name) || name.startsWith('x-fc-') || name in forced,
      ),
      ...Object.entries({ ...forced, 'x-fc-request-id': requestId, 'x-fc-instance-id': instance.id }).flat(),
    ]);
    response.flushHeaders();
    await pipeline(answer, response);
    lease.release();
  } catch (error) {
    if (tooLarge.signal.aborted) {
      lease.release();
      throw entityTooLarge(MAX_SYNC_BODY_BYTES);
    }
    if (signal.aborted) {
      lease.release();
      throw error;
    }
    lease.release({ condemn: true });
    if (timeout.aborted) throw new AcsError(504, 'FunctionTimedout', timedOut(instance.plan.timeout));
    throw new AcsError(502, 'FunctionUnhandledError', EXITED);
  }
}

/**
 * Delivers a request that was accepted asynchronously, and releases the lease. True for success. FC does not document which
 * answers of a web function it retries; here it is server errors (5xx) and no answer at all.
 */
export async function invokeHttpLater(
  lease: Lease,
  head: HttpHead,
  payload: Buffer,
  options: { requestId: string; retryCount: number; signal: AbortSignal },
): Promise<boolean> {
  const { requestId, retryCount, signal } = options;
  const timeout = AbortSignal.timeout(lease.instance.plan.timeout * 1000);
  const rawHeaders = withoutHeaders(head.rawHeaders, (name) => name === 'content-length');
  try {
    const answer = await lease.instance.request({
      ...toInstance({ ...head, rawHeaders }, lease, requestId, retryCount, ['content-length', String(payload.length)]),
      send: (body) => body.end(payload),
      signal: AbortSignal.any([signal, timeout]),
    });
    await finished(answer.resume());
    lease.release();
    return (answer.statusCode ?? 500) < 500;
  } catch (error) {
    lease.release({ condemn: !signal.aborted });
    if (signal.aborted) throw error;
    return false;
  }
}

function sendLimited(request: IncomingMessage, body: NodeJS.WritableStream, tooLarge: AbortController): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_SYNC_BODY_BYTES) tooLarge.abort();
  });
  // Not `pipeline`: that would end the client's connection with the function's, and with it the answer that says so.
  request.pipe(body);
}
