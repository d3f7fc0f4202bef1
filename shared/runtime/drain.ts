import type { Server } from 'node:http';
import type { Log } from './logger.ts';

/** Function Compute gives an instance about this long after its last request before it is killed. */
const DRAIN_MS = 30_000;

/**
 * Ends an instance well: on SIGTERM or pre-stop it takes no new connection, lets requests under way finish for up to 30
 * seconds, then closes what the function opened. Returns the pre-stop action (idempotent).
 */
export function drainOnStop(server: Server, log: Log, close: () => Promise<void>): () => Promise<void> {
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      const drained = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
      cut.unref();
      await drained;
      clearTimeout(cut);
      await close();
      log.info('instance stopped');
    })().catch((error: unknown) => log.error('instance did not stop cleanly', { error: String(error) }));
    return stopping;
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
  return stop;
}

/** Timeouts that Function Compute asks of a custom runtime's server: it keeps connections for 15 minutes. */
export function useLongLivedConnections(server: Server): void {
  server.keepAliveTimeout = 16 * 60_000;
  server.headersTimeout = 17 * 60_000;
  server.requestTimeout = 0;
}
