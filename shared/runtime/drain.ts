import type { Server, ServerResponse } from 'node:http';
import { type Socket, Server as TcpServer } from 'node:net';
import type { Log } from '../kernel/log.ts';

/** Function Compute grants an instance about this long after its last request before killing it. */
const DRAIN_MS = 30_000;

/**
 * Graceful shutdown: on SIGTERM or pre-stop it accepts no new connections, lets running requests finish for up to 30 seconds, then closes
 * what the function opened. `stopping` is aborted first, for requests that would not end by themselves. Returns the pre-stop action
 * (idempotent). Call it before the first connection arrives.
 */
export function drainOnStop(
  server: Server,
  log: Log,
  close: () => Promise<void>,
  stopping: AbortController = new AbortController(),
): () => Promise<void> {
  let stopped: Promise<void> | undefined;
  const connections = new Set<Socket>();
  const underWay = new Map<Socket, ServerResponse>();
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  server.prependListener('request', ({ socket }, response) => {
    underWay.set(socket, response);
    response.once('close', () => {
      underWay.delete(socket);
      // Otherwise it is kept alive, and would be waited for.
      if (stopped) socket.destroySoon();
    });
  });
  const stop = () => {
    stopped ??= (async () => {
      stopping.abort();
      // The TCP server's own `close`: the HTTP server's cuts off responses that are written but not yet sent.
      const drained = new Promise<void>((resolve) => TcpServer.prototype.close.call(server, () => resolve()));
      for (const socket of connections) {
        const response = underWay.get(socket);
        if (!response) socket.destroy();
        else if (!response.headersSent) response.setHeader('connection', 'close');
      }
      const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
      cut.unref();
      await drained;
      clearTimeout(cut);
      await close();
      log.info('instance stopped');
    })().catch((error: unknown) => log.error('instance did not stop cleanly', { error: String(error) }));
    return stopped;
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
  return stop;
}

/** Timeouts that Function Compute requires of a custom runtime's server: it keeps connections for 15 minutes. */
export function useLongLivedConnections(server: Server): void {
  server.keepAliveTimeout = 16 * 60_000;
  server.headersTimeout = 17 * 60_000;
  server.requestTimeout = 0;
}
