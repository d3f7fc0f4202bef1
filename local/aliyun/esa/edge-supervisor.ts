import { createInterface } from 'node:readline';
import type { Reaper } from '../../processes/reaper.ts';
import { spawnWatched, type WatchedProcess } from '../../processes/spawn-watched.ts';
import { bundleEdgeHost } from './bundle-edge-host.ts';
import type { FromEdge, ToEdge } from './edge/edge-messages.ts';

export interface EdgeHost {
  /** The address where visitors are served; the same after a restart. Throws before the first `ready`. */
  readonly port: number;
  /** Resolves when the edge serves; after a crash, when it serves again. Rejects when it cannot listen. */
  ready(): Promise<void>;
  /** Ends the process and starts another with the current state. Resolves when that serves. */
  restart(): Promise<void>;
}

export interface SupervisorOptions {
  readonly port: number;
  readonly reaper: Reaper;
  /** Everything the edge needs to know when it starts. */
  readonly snapshot: () => Omit<Extract<ToEdge, { kind: 'start' }>, 'kind' | 'port'>;
  /** Called with the id of a purge task that is done; without one when the edge starts, with empty caches. */
  readonly purged: (taskId?: number) => void;
  /** One line of what a routine, or the edge itself, prints. */
  readonly log: (line: string) => void;
  /** How long the edge may leave a ping unanswered. A routine in an endless loop answers none. */
  readonly heartbeatTimeoutMs: number;
}

const MAX_RESTART_DELAY_MS = 5000;
/** How many pings in a row the edge may leave unanswered. */
const PINGS = 5;

/** Keeps one edge host process running. */
export function superviseEdgeHost(options: SupervisorOptions) {
  const { heartbeatTimeoutMs, log } = options;
  let current: WatchedProcess | undefined;
  let program: string | undefined;
  let port: number | undefined;
  let ready = deferred();
  let crashes = 0;
  // Counted, not timed: when this process was held up itself, the time that passed says nothing about the edge.
  let unanswered = 0;
  let restartTimer: NodeJS.Timeout | undefined;

  const send = (message: ToEdge) => {
    // A failed send means that the process is ending; the next one starts from a snapshot.
    if (current?.child.connected) current.child.send(message, () => undefined);
  };
  const receive = (message: FromEdge) => {
    switch (message.kind) {
      case 'listening':
        port = message.port;
        crashes = 0;
        options.purged();
        ready.resolve();
        return;
      case 'failed':
        ready.reject(new Error(`The edge host cannot listen: ${message.reason}`));
        return;
      case 'purged':
        options.purged(message.taskId);
        return;
      case 'pong':
        unanswered = 0;
    }
  };
  const startLater = () => {
    if (ready.settled) ready = deferred();
    const delay = Math.min(50 * 2 ** crashes, MAX_RESTART_DELAY_MS);
    crashes += 1;
    restartTimer = setTimeout(() => {
      starting = start();
    }, delay);
  };
  const start = async () => {
    try {
      program ??= await bundleEdgeHost();
      const args = ['--title=miaobu-edge', '--input-type=module', '-'];
      const started = await spawnWatched(options.reaper, process.execPath, args, {
        stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
        serialization: 'advanced',
      });
      const { child } = started;
      child.stdin?.on('error', () => undefined).end(program);
      for (const stream of [child.stdout, child.stderr]) if (stream) createInterface(stream).on('line', log);
      current = started;
      unanswered = 0;
      child.on('message', receive);
      void started.exited.then(({ code, signal }) => {
        if (current !== started) return;
        current = undefined;
        log(`The edge host ended (${signal ?? code}) and is started again.`);
        startLater();
      });
      send({ kind: 'start', port: port ?? options.port, ...options.snapshot() });
    } catch (error) {
      log(`The edge host cannot be started: ${(error as Error).message}`);
      startLater();
    }
  };
  const end = async () => {
    clearTimeout(restartTimer);
    const ending = current;
    current = undefined;
    ending?.signal('SIGKILL');
    await ending?.exited;
  };
  const heartbeat = setInterval(() => {
    if (unanswered === PINGS) return current?.signal('SIGKILL');
    unanswered += 1;
    send({ kind: 'ping' });
  }, heartbeatTimeoutMs / PINGS);
  heartbeat.unref();
  let starting = start();

  return {
    send,
    get port() {
      if (port === undefined) throw new Error('The edge host has no port yet; wait for ready().');
      return port;
    },
    ready: () => ready.promise,
    async restart() {
      await starting;
      await end();
      if (ready.settled) ready = deferred();
      starting = start();
      await starting;
      return ready.promise;
    },
    async close() {
      clearInterval(heartbeat);
      await starting;
      await end();
    },
  };
}

interface Deferred {
  readonly promise: Promise<void>;
  settled: boolean;
  resolve(): void;
  reject(error: Error): void;
}

function deferred(): Deferred {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // Nobody has to wait for the edge.
  promise.catch(() => undefined);
  const settle = (how: () => void) => {
    how();
    result.settled = true;
  };
  const result: Deferred = {
    promise,
    settled: false,
    resolve: () => settle(resolve),
    reject: (error) => settle(() => reject(error)),
  };
  return result;
}
