import { lookup as resolve } from 'node:dns';
import type { Agent, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import { pipeline, type Readable } from 'node:stream';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  /** Sent as they are; only Host, Connection and Content-Length are added. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream is opened anew for every try, and then `bytes` says how long it is. */
  readonly body?: Buffer | { readonly bytes: number; readonly open: () => Readable };
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** No answer, or one that says nothing about the request itself: the same may succeed later. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  /** How long the other side asked to wait. */
  readonly retryAfterMs: number;

  constructor(message: string, { retryAfterMs = 0, ...options }: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** 408: the request did not arrive in time. 429: too many requests, which must not fail a build. */
const BUSY = new Set([408, 429]);

/** Throws `Unavailable` for an answer that means the server cannot handle the request, or not now. */
export function assertAnswered(who: string, status: number, headers: IncomingHttpHeaders): void {
  if (status < 500 && !BUSY.has(status)) return;
  const seconds = Number(headers['retry-after']);
  const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
  throw new Unavailable(`${who} answered ${status}`, { retryAfterMs });
}

const IDLE_MS = 30_000;
const ANSWER_LIMIT_BYTES = 16 * 1024 * 1024;

// `*.localhost` is this machine (RFC 6761), but Node asks the resolver, which often does not know that.
const lookup: LookupFunction = (hostname, options, callback) => {
  if (hostname.endsWith('.localhost')) {
    if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
    else callback(null, '127.0.0.1', 4);
    return;
  }
  resolve(hostname, options, callback);
};

const agents = new Map<string, Agent>();

/** `node:http` rather than `fetch`: a presigned PUT must carry the given headers and no others. */
async function transportFor(protocol: string) {
  const transport = protocol === 'https:' ? await import('node:https') : await import('node:http');
  const agent = agents.get(protocol) ?? new transport.Agent({ keepAlive: true, lookup });
  agents.set(protocol, agent);
  return { request: transport.request, agent };
}

/** Sends a request and returns the answer's head; its body has yet to be read. Throws `Unavailable` without an answer. */
export async function openRequest({ method, url, headers, body, signal }: HttpRequest): Promise<IncomingMessage> {
  const { request, agent } = await transportFor(new URL(url).protocol);
  const length = Buffer.isBuffer(body) ? body.length : body?.bytes;
  return new Promise((resolve, reject) => {
    const lengthHeader = length === undefined ? {} : { 'content-length': String(length) };
    const outgoing = request(url, { method, agent, headers: { ...lengthHeader, ...headers }, signal });
    let answered = false;
    outgoing.on('response', (message) => {
      answered = true;
      resolve(message);
    });
    outgoing.setTimeout(IDLE_MS, () => outgoing.destroy(new Error(`no answer within ${IDLE_MS / 1000} s`)));
    const fail = (error: Error) => {
      // An early answer, such as a refusal, may come with the end of the connection; the answer is what counts.
      if (answered) return;
      outgoing.destroy();
      reject(signal?.aborted ? signal.reason : new Unavailable(error.message, { cause: error }));
    };
    outgoing.on('error', fail);
    if (body === undefined || Buffer.isBuffer(body)) outgoing.end(body);
    else pipeline(body.open(), outgoing, (error) => error && fail(error));
  });
}

/** One exchange. Throws `Unavailable` when the connection fails or the answer is 5xx, 408 or 429; every other status is returned. */
export async function exchange(request: HttpRequest): Promise<HttpAnswer> {
  const message = await openRequest(request);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > ANSWER_LIMIT_BYTES) throw new Error(`the answer is over ${ANSWER_LIMIT_BYTES} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason;
    throw new Unavailable(error instanceof Error ? error.message : String(error), { cause: error });
  }
  const status = message.statusCode ?? 0;
  assertAnswered('the server', status, message.headers);
  return { status, headers: message.headers, body: Buffer.concat(chunks) };
}
