import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One service of the local cloud, as an HTTP handler that can be mounted on any port or behind the gateway. */
export interface Emulator {
  /** Answers one request completely. A rejection becomes a plain 500: emulators map their own errors to the vendor's shape. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void> | void;
  /** Ends everything this emulator started (processes, timers, files). */
  close(): Promise<void>;
}

export interface Listening {
  readonly port: number;
  /** `http://127.0.0.1:{port}`, without a trailing slash. */
  readonly url: string;
  readonly server: Server;
  close(): Promise<void>;
}

/**
 * Serves a handler on 127.0.0.1. Port 0 takes any free port. Rejects with Node's own error (`EADDRINUSE`, …) when it
 * cannot listen. `close` ends open connections too, so that a test never waits for a keep-alive timeout.
 */
export async function listen(handler: Pick<Emulator, 'handle'>, port = 0, host = '127.0.0.1'): Promise<Listening> {
  const server = createServer((request, response) => {
    Promise.resolve()
      .then(() => handler.handle(request, response))
      .catch((error: unknown) => {
        console.error(error);
        if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
        response.end('internal error of the local cloud\n');
      });
  });
  server.requestTimeout = 0;
  // Longer than any of our clients pauses between two requests. With Node's five seconds, a connection can be closed in the
  // moment a client sends its next request on it, which then fails.
  server.keepAliveTimeout = 65_000;
  server.headersTimeout = 66_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    url: `http://127.0.0.1:${bound}`,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The whole body of a request; throws `RangeError` as soon as it passes `limitBytes`. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limitBytes) throw new RangeError(`body is over ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
