import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const onLinux = process.platform === 'linux';

function ps(pid: number, column: string): string | undefined {
  try {
    return execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return undefined;
  }
}

/** `R`, `S`, `T` (stopped), `Z` (zombie), …; undefined when it cannot be learnt. */
function stateOf(pid: number): string | undefined {
  if (!onLinux) return ps(pid, 'stat')?.charAt(0);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may itself hold parentheses and spaces.
    return stat.charAt(stat.lastIndexOf(')') + 2);
  } catch {
    return undefined;
  }
}

/**
 * Whether a process still runs. A zombie does not: it ended, and only waits for its parent to take note. In a
 * container whose first process never does, it waits forever.
 */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return stateOf(pid) !== 'Z';
}

/** The command line of a process, arguments joined by spaces; undefined when it cannot be learnt. */
export function commandLineOf(pid: number): string | undefined {
  if (!onLinux) return ps(pid, 'args');
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return undefined;
  }
}
