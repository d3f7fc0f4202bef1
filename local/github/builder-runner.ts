import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Reaper } from '../processes/reaper.ts';
import { spawnWatched } from '../processes/spawn-watched.ts';
import type { WorkflowResult, WorkflowRun, WorkflowRunner } from './workflow-definition.ts';

/** How long the builder has to end after SIGTERM. */
const GRACE_MS = 5_000;

export interface BuilderRunnerOptions {
  /** Program and arguments, e.g. `[process.execPath, '/…/builder/main.ts']`. */
  readonly command: readonly [string, ...string[]];
  /** Added to the clean environment that every run downloads. Nothing secret: the user's build can read it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly reaper: Reaper;
  readonly log: (message: string) => void;
}

/**
 * Runs the builder as GitHub's machine would: a process group of its own in the run's folder, nothing of this process's
 * environment, the inputs as one JSON line on stdin (arguments and environment of a process can be read by others).
 * Cancelling sends SIGTERM to the group and SIGKILL five seconds later. What the builder leaves in its group ends with it.
 */
export function builderRunner({ command, environment, reaper, log }: BuilderRunnerOptions): WorkflowRunner {
  return async (run) => {
    const temporary = path.join(run.directory, 'temp');
    mkdirSync(temporary, { mode: 0o711 });
    const output = openSync(run.logFile, 'a', 0o600);
    try {
      const [program, ...args] = command;
      const builder = await spawnWatched(reaper, program, args, {
        cwd: run.directory,
        stdio: ['pipe', output, output],
        env: { ...cleanEnvironment(run, temporary), ...environment },
      });
      // The builder may end without reading its input; its exit code is what counts.
      builder.child.stdin?.on('error', () => {});
      builder.child.stdin?.end(`${JSON.stringify(run.inputs)}\n`);
      let killing: NodeJS.Timeout | undefined;
      const cancel = () => {
        builder.signal('SIGTERM');
        killing = setTimeout(() => builder.signal('SIGKILL'), GRACE_MS);
      };
      if (run.signal.aborted) cancel();
      else run.signal.addEventListener('abort', cancel, { once: true });
      const { code } = await builder.exited;
      clearTimeout(killing);
      run.signal.removeEventListener('abort', cancel);
      return { conclusion: conclude(run.signal, code), exitCode: code };
    } catch (error) {
      writeSync(output, `The builder could not be started: ${String(error)}\n`);
      log(`workflow run ${run.id}: the builder could not be started: ${String(error)}`);
      return { conclusion: 'failure', exitCode: null };
    } finally {
      closeSync(output);
    }
  };
}

function conclude(signal: AbortSignal, exitCode: number | null): WorkflowResult['conclusion'] {
  if (signal.aborted) return 'cancelled';
  return exitCode === 0 ? 'success' : 'failure';
}

const cleanEnvironment = (run: WorkflowRun, temporary: string) => ({
  PATH: process.env.PATH,
  HOME: run.directory,
  LANG: 'C.UTF-8',
  TMPDIR: temporary,
  RUNNER_TEMP: temporary,
  CI: 'true',
  GITHUB_ACTIONS: 'true',
  GITHUB_RUN_ID: String(run.id),
  GITHUB_RUN_ATTEMPT: '1',
});
