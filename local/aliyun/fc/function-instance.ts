import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Reaper } from '../../processes/reaper.ts';
import { spawnWatched, type WatchedProcess } from '../../processes/spawn-watched.ts';
import { AcsError } from '../../wire/acs3.ts';
import { fcHeaders } from './fc-headers.ts';
import { freePort } from './free-port.ts';
import type { FunctionLogs } from './function-logs.ts';
import { connectInstance, type InstanceConnection, type InstanceRequest } from './instance-connection.ts';
import { type InstancePlan, launchOf } from './instance-launch.ts';

/** One running process of a function, ready for requests. */
export interface FunctionInstance {
  readonly id: string;
  readonly plan: InstancePlan;
  /** Resolves when its process has ended, for whatever reason. */
  readonly exited: Promise<unknown>;
  request(request: InstanceRequest): Promise<IncomingMessage>;
  /** Freezes the process and everything it started. It keeps its memory and its port. */
  freeze(): void;
  thaw(): void;
  /** The pre-stop hook, SIGTERM, and SIGKILL when it takes too long. Resolves when nothing of it is running. */
  end(): Promise<void>;
  kill(): Promise<void>;
}

export interface InstanceHost {
  /** Where an instance has its own home and temporary folder while it lives. */
  readonly homesDirectory: string;
  readonly reaper: Reaper;
  readonly logs: FunctionLogs;
  /** How long a server may take until it listens; FC allows 120 s. */
  readonly startTimeoutMs: number;
  /** How long a process may take to end after SIGTERM. */
  readonly endGraceMs: number;
}

const LAST_LINES = 20;
const notStarted = (code: string, message: string) => new AcsError(412, code, message);

/**
 * Starts a process from a plan. Throws 412 with FC's code and the last lines it wrote when it does not come up:
 * `CAFileNotFound`, `CAExited`, or `FunctionNotStarted` when it does not listen or its initializer fails.
 */
export async function startInstance(
  host: InstanceHost,
  plan: InstancePlan,
  signal: AbortSignal,
): Promise<FunctionInstance> {
  const id = `c-${randomUUID()}`;
  const homeDirectory = path.join(host.homesDirectory, id);
  const port = await freePort();
  const launch = launchOf(plan, id, port, homeDirectory);
  const removeHome = () => rmSync(homeDirectory, { recursive: true, force: true });
  const lastLines: string[] = [];
  const remember = (line: string) => {
    lastLines.push(line);
    if (lastLines.length > LAST_LINES) lastLines.shift();
  };

  let watched: WatchedProcess;
  try {
    watched = await spawnWatched(host.reaper, launch.file, launch.args, {
      cwd: plan.codeDirectory,
      env: launch.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    removeHome();
    const why = error instanceof Error ? error.message : error;
    throw notStarted('CAFileNotFound', `the function cannot be started with '${plan.command.join(' ')}': ${why}`);
  }
  const from = { function: plan.functionName, instance: id };
  for (const stream of ['stdout', 'stderr'] as const) {
    const source = watched.child[stream];
    if (source) host.logs.follow(source, { ...from, stream }, remember);
  }
  let gone = false;
  const exited = watched.exited.then((exit) => {
    gone = true;
    removeHome();
    return exit;
  });
  const outputEnded = new Promise((resolve) => watched.child.once('close', resolve));
  const connection = connectInstance(port);
  const kill = async () => {
    watched.signal('SIGKILL');
    await exited;
  };

  const stopWaiting = new AbortController();
  try {
    const ready = becomeReady(host, plan, connection, AbortSignal.any([signal, stopWaiting.signal]));
    const exit = await Promise.race([exited, ready]);
    if (exit) {
      await outputEnded;
      const how = exit.signal ?? `code ${exit.code}`;
      throw notStarted(
        'CAExited',
        `Function instance exited unexpectedly(${how}) with start command '${plan.command.join(' ')}'.`,
      );
    }
  } catch (error) {
    await kill();
    if (!(error instanceof AcsError) || error.status !== 412) throw error;
    throw notStarted(error.code, `${error.message}\nLogs: ${lastLines.join('\n')}`);
  } finally {
    stopWaiting.abort();
  }

  return {
    id,
    plan,
    exited,
    request: (request) => connection.request(request),
    freeze() {
      connection.rest();
      watched.signal('SIGSTOP');
    },
    thaw: () => watched.signal('SIGCONT'),
    kill,
    async end() {
      watched.signal('SIGCONT');
      if (plan.preStopTimeout !== undefined && !gone)
        await callHook(connection, plan, 'GET', '/pre-stop', plan.preStopTimeout).catch((error: unknown) => {
          host.logs.write({ ...from, stream: 'platform', line: `the PreStop hook failed: ${error}` });
        });
      watched.signal('SIGTERM');
      const grace = new AbortController();
      await Promise.race([exited, delay(host.endGraceMs, undefined, { signal: grace.signal }).catch(() => {})]);
      grace.abort();
      await kill();
      connection.rest();
    },
  };
}

async function becomeReady(
  host: InstanceHost,
  plan: InstancePlan,
  connection: InstanceConnection,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + host.startTimeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const answer = await connection.probe();
    if (answer === 'listening') break;
    const must = `must listen on 0.0.0.0 and the port in FC_SERVER_PORT`;
    if (answer === 'loopback')
      throw notStarted('FunctionNotStarted', `the function listens on 127.0.0.1 only; it ${must}`);
    if (performance.now() > deadline)
      throw notStarted(
        'FunctionNotStarted',
        `the function did not listen within ${host.startTimeoutMs / 1000} seconds; it ${must}`,
      );
    await delay(5);
  }
  if (plan.initializerTimeout === undefined) return;
  try {
    await callHook(connection, plan, 'POST', '/initialize', plan.initializerTimeout, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw notStarted(
      'FunctionNotStarted',
      `the Initializer hook failed: ${error instanceof Error ? error.message : error}`,
    );
  }
}

async function callHook(
  connection: InstanceConnection,
  plan: InstancePlan,
  method: string,
  hook: '/initialize' | '/pre-stop',
  timeoutSeconds: number,
  signal?: AbortSignal,
): Promise<void> {
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
  const answer = await connection.request({
    method,
    path: hook,
    headers: { ...fcHeaders(plan, hook, randomUUID()), ...(method === 'POST' && { 'content-length': '0' }) },
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  });
  answer.resume();
  const { statusCode = 0 } = answer;
  if (statusCode < 200 || statusCode > 299) throw new Error(`${method} ${hook} answered ${statusCode}`);
}
