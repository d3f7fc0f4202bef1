import path from 'node:path';
import type { LogFile } from './log-file.ts';
import type { Reaper } from './processes/reaper.ts';
import { spawnWatched } from './processes/spawn-watched.ts';
import { StartError } from './start-error.ts';

const root = path.resolve(import.meta.dirname, '..');
/** How much of what a failing script printed is shown. */
const TAIL_BYTES = 4000;

export interface RunScript {
  readonly reaper: Reaper;
  readonly log: LogFile;
  /** Written to the script's standard input. */
  readonly input?: string;
  /** Called with each line the script prints. */
  readonly onLine?: (line: string) => void;
}

/**
 * Runs one of the project's scripts as a process of its own: what it loads is gone from memory when it ends. Throws
 * `StartError` with the end of what it printed when it fails.
 */
export async function runScript(script: string, args: readonly string[], options: RunScript): Promise<void> {
  const command = ['--disable-warning=ExperimentalWarning', path.join(root, script), ...args];
  const running = await spawnWatched(options.reaper, process.execPath, command, {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const { child } = running;
  let tail = '';
  let partial = '';
  child.stdout?.on('data', (data: Buffer) => {
    const lines = (partial + data).split('\n');
    partial = lines.pop() ?? '';
    for (const line of lines) options.onLine?.(line);
  });
  child.stderr?.on('data', (data: Buffer) => {
    tail = (tail + data).slice(-TAIL_BYTES);
    options.log.lines(script)(data.toString().trimEnd());
  });
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input ?? '');
  const { code, signal } = await running.exited;
  if (code !== 0) throw new StartError(`${script} failed (${signal ?? `exit ${code}`})\n${tail.trimEnd()}`);
}
