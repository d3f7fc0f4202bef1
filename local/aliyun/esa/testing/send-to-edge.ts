import http, { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';

export interface VisitorRequest {
  readonly host: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

export interface VisitorAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Opens an exchange with an edge on this machine. `*.localhost` does not resolve in Node: the name goes into `Host`. */
export function openToEdge(port: number, request: VisitorRequest): Promise<IncomingMessage> {
  const { host, path = '/', method = 'GET', headers = {}, body } = request;
  return new Promise((resolve, reject) => {
    const outgoing = http.request({
      host: '127.0.0.1',
      port,
      path,
      method,
      agent: false,
      headers: { ...headers, host },
    });
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/** A visitor's request, answered completely. */
export async function sendToEdge(port: number, request: VisitorRequest): Promise<VisitorAnswer> {
  const incoming = await openToEdge(port, request);
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: await text(incoming) };
}
