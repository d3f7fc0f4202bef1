import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { BuildFailure } from '../build-failure.ts';
import type { LogShipper } from '../log/log-shipper.ts';
import { limitedShell } from './build-limits.ts';
import type { BuildUser } from './build-user.ts';
import { endProcesses } from './end-processes.ts';

/** Where and as whom the user's commands run, and until when. */
export interface CommandSurroundings {
  readonly log: Pick<LogShipper, 'stream'>;
  readonly user: BuildUser | undefined;
  /** See `ProcessTraits`. */
  readonly mark: string;
  readonly workFolder: string;
  /** Ends the command, which then throws the signal's reason. */
  readonly signal: AbortSignal;
  /** Milliseconds of the epoch. */
  readonly deadline: number;
}

export interface CommandResult {
  readonly outcome: 'done' | 'failed' | 'timeout';
  /** In words, e.g. `exited with code 1`. */
  readonly ending: string;
  /** The last of what it printed, secrets masked. */
  readonly output: string;
  readonly seconds: number;
}

const KEPT_OUTPUT = 64 * 1024;
const CLOSING_MS = 3_000;

function describe(code: number | null, signal: NodeJS.Signals | null): string {
  // 137 is how a shell reports that its command got SIGKILL.
  if (signal === 'SIGKILL' || code === 137) return 'was killed (SIGKILL), most often for using too much memory';
  if (signal) return `was ended by ${signal}`;
  if (code === 127) return 'was not found (exit code 127)';
  return `exited with code ${code}`;
}

/**
 * Runs one of the user's shell commands in a process group of its own, with none of the runner's environment and
 * nothing on stdin. When this resolves or throws, none of its processes is left.
 */
export async function runCommand(
  command: string,
  { cwd, environment }: { cwd: string; environment: Readonly<Record<string, string>> },
  { log, user, mark, workFolder, signal, deadline }: CommandSurroundings,
): Promise<CommandResult> {
  signal.throwIfAborted();
  const started = Date.now();
  let output = '';
  const child = spawn('/bin/sh', limitedShell(command, { ownUser: user !== undefined }), {
    cwd,
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const closed = once(child, 'close');
  closed.catch(() => {});

  for (const pipe of [child.stdout, child.stderr]) {
    const stream = log.stream((text) => {
      output = (output + text).slice(-KEPT_OUTPUT);
    });
    pipe.on('data', (bytes: Buffer) => stream.write(bytes));
    pipe.on('end', () => stream.end());
  }

  let timedOut = false;
  const stop = () => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Gone already; `endProcesses` makes sure.
    }
  };
  const limit = setTimeout(
    () => {
      timedOut = true;
      stop();
    },
    Math.max(0, deadline - started),
  );
  signal.addEventListener('abort', stop, { once: true });

  try {
    const [code, endedBy] = await exited;
    if (child.pid !== undefined) await endProcesses({ leader: child.pid, user, mark, folder: workFolder });
    // The pipes close with the last process that holds them. A process that still does has hidden well.
    const isOver = await Promise.race([closed.then(() => true), delay(CLOSING_MS, false, { ref: false })]);
    child.stdout.destroy();
    child.stderr.destroy();
    signal.throwIfAborted();
    if (!isOver) {
      throw new BuildFailure('build_failed', `\`${command}\` left a process behind that cannot be found and ended.`);
    }
    const seconds = (Date.now() - started) / 1000;
    if (timedOut) return { outcome: 'timeout', ending: 'ran out of time', output, seconds };
    return { outcome: code === 0 ? 'done' : 'failed', ending: describe(code, endedBy), output, seconds };
  } finally {
    clearTimeout(limit);
    signal.removeEventListener('abort', stop);
  }
}
