import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Reaper } from './reaper.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface WatchedProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves when the process has ended; what it left in its group is killed at that moment. */
  readonly exited: Promise<Exit>;
  /** Signals the group: the process and what it started. Does nothing once the process has ended. */
  signal(name: NodeJS.Signals): void;
}

/**
 * Starts a program in a process group of its own, which ends with it and, by the reaper, with us. Resolves once the
 * program runs; rejects with Node's error (`ENOENT`, …) when it cannot be started.
 */
export async function spawnWatched(
  reaper: Reaper,
  command: string,
  args: readonly string[],
  options: Omit<SpawnOptions, 'detached'> = {},
): Promise<WatchedProcess> {
  // Node parses these at every start, which takes longer than the rest of it; Function Compute has no such variable.
  const { NODE_EXTRA_CA_CERTS: _, ...env } = options.env ?? process.env;
  const child = spawn(command, args, { ...options, env, detached: true });
  const { pid } = child;
  if (pid !== undefined) reaper.watch(pid);
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      if (pid !== undefined) {
        signalGroup(pid, 'SIGKILL');
        reaper.release(pid);
      }
      resolve({ code, signal });
    });
  });
  await once(child, 'spawn');
  if (pid === undefined) throw new Error(`${command} runs without a process id`);
  return {
    pid,
    child,
    exited,
    signal(name) {
      if (child.exitCode === null && child.signalCode === null) signalGroup(pid, name);
    },
  };
}

function signalGroup(leader: number, name: NodeJS.Signals): void {
  try {
    process.kill(-leader, name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // No process is left; macOS reports EPERM when only zombies are left.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
