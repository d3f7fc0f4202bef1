import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { commandLineOf, isProcessAlive } from '../processes/process-alive.ts';
import { type DataDirectory, postgresEnvironment } from './data-directory.ts';

const POLL_MS = 10;
const START_TIMEOUT_MS = 60_000;
const EMPTY_LOCK_FILE_IS_STALE_AFTER_MS = 10_000;
const STOP_TIMEOUT_MS = 30_000;

/** A running Postgres server: its first process, the parent of all others. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/** What is needed to find the server of a directory, whoever started it. */
export type Location = Pick<DataDirectory, 'path' | 'logFile'>;

const lockFileOf = (data: Location) => path.join(data.path, 'postmaster.pid');

/** `postmaster.pid`, written by the server: pid, directory, start time, port, socket folder, address, memory, status. */
function readLockFile(data: Location) {
  try {
    const lines = readFileSync(lockFileOf(data), 'utf8').split('\n');
    const ageMs = Date.now() - statSync(lockFileOf(data)).mtimeMs;
    return { lines, ageMs, pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
  } catch {
    return undefined;
  }
}

/** Process ids are reused: it has to be alive and to have been started on this directory. */
function isPostmaster(data: Location, pid: number): boolean {
  return isProcessAlive(pid) && commandLineOf(pid)?.includes(` -D ${data.path} `) === true;
}

/**
 * The server that runs on this directory, left over from a process that was killed; undefined if none does. One that
 * is just starting (or stopping) is waited for.
 */
export async function runningPostmaster(data: Location): Promise<Postmaster | undefined> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (let lock = readLockFile(data); lock; lock = readLockFile(data)) {
    if (lock.pid === 0) {
      // Created, but not written yet. An old empty one is left by a crash of the whole machine.
      if (lock.ageMs > EMPTY_LOCK_FILE_IS_STALE_AFTER_MS) rmSync(lockFileOf(data), { force: true });
      await delay(POLL_MS);
      continue;
    }
    if (!isPostmaster(data, lock.pid)) {
      if (isInProcessTable(lock.pid)) disown(data, lock.lines);
      return undefined;
    }
    if (lock.ready) return { pid: lock.pid, port: lock.port };
    if (Date.now() > deadline) throw new Error(`Postgres (process ${lock.pid}) is stuck; see ${data.logFile}`);
    await delay(POLL_MS);
  }
  return undefined;
}

function isInProcessTable(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/**
 * The server refuses to start while the process in its lock file seems alive, which a zombie and an unrelated process
 * with the same id do. It makes an exception for its own parent, so the file gets our id. Not removed: its other
 * lines keep the server from starting beside orphaned workers of the last one.
 */
function disown(data: Location, lines: readonly string[]): void {
  writeFileSync(lockFileOf(data), [process.pid, ...lines.slice(1)].join('\n'));
}

export type Launch =
  | { readonly result: 'ready'; readonly postmaster: Postmaster }
  | { readonly result: 'port taken' | 'directory busy' }
  | { readonly result: 'failed'; readonly reason: string };

/** Starts the server and waits until it takes connections, or has ended. */
export async function launchPostmaster(
  data: DataDirectory,
  port: number,
  settings: Readonly<Record<string, string>>,
  started: (pid: number) => void = () => {},
): Promise<Launch> {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const output = openSync(data.logFile, 'a', 0o600);
  const logged = statSync(data.logFile).size;
  // Its log is a file and its process group its own: it outlives us unharmed, and a later start adopts it.
  const child = spawn(data.binaries.postgres, ['-D', data.path, '-p', String(port), ...flags], {
    ...data.account,
    env: postgresEnvironment,
    cwd: '/',
    stdio: ['ignore', output, output],
    detached: true,
  });
  closeSync(output);
  if (child.pid !== undefined) started(child.pid);
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = `it ended with ${signal ?? `code ${code}`}`;
  });
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (ended === undefined) {
    const lock = readLockFile(data);
    if (lock?.ready && lock.pid === child.pid) {
      child.unref();
      return { result: 'ready', postmaster: { pid: lock.pid, port } };
    }
    if (Date.now() > deadline) {
      child.kill('SIGQUIT');
      return { result: 'failed', reason: `not ready after ${START_TIMEOUT_MS / 1000} s` };
    }
    await delay(POLL_MS);
  }
  return explain(readFileSync(data.logFile).subarray(logged).toString(), ended);
}

function explain(logged: string, ended: string): Launch {
  if (/Address already in use/.test(logged)) return { result: 'port taken' };
  if (/pre-existing shared memory block|lock file "postmaster.pid" (already exists|is empty)/.test(logged)) {
    return { result: 'directory busy' };
  }
  const fatal = logged.split('\n').findLast((line) => /FATAL|PANIC|error/i.test(line));
  return { result: 'failed', reason: fatal?.replace(/^.*?(FATAL|PANIC):\s*/, '') ?? ended };
}

/** Ends the server in an orderly way: clients are disconnected, everything is written. */
export async function stopPostmaster(data: Location, { pid }: Postmaster): Promise<void> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  if (!isPostmaster(data, pid)) return;
  process.kill(pid, 'SIGINT');
  // A process on its way out has lost its command line already, so from here on its id has to do.
  while (isProcessAlive(pid)) {
    if (Date.now() > deadline) return killPostmaster(pid);
    await delay(POLL_MS);
  }
}

/** Immediately: the next start recovers from the write-ahead log, as after a crash. */
function killPostmaster(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
