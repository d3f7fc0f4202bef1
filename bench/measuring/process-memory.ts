import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface ProcessMemory {
  readonly pid: number;
  /** A readable name of the process. */
  readonly name: string;
  /** Its proportional share of memory: memory shared by n processes counts as an n-th. */
  readonly pssBytes: number;
}

function parents(): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      // The command in parentheses may hold anything; state and parent follow.
      found.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It has ended since it was listed.
    }
  }
  return found;
}

function nameOf(pid: number, isRoot: boolean): string {
  if (isRoot) return 'local cloud (gateway, front door, emulators)';
  const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
  const [, functionName] = /(?:^|\0)FC_FUNCTION_NAME=([^\0]*)/.exec(environment) ?? [];
  if (functionName) return `function ${functionName}`;
  const command = path.basename(program.split(' ')[0] ?? '').replace(/:$/, '');
  if (command === 'postgres') return 'Postgres';
  if (command === 'sh') return 'reaper';
  return `${command} ${args.join(' ')}`.trim();
}

/** A process and its descendants. Linux only: other systems do not report what is shared. */
export function processMemory(root: number): ProcessMemory[] {
  const parentOf = parents();
  const belongs = (pid: number | undefined): boolean =>
    pid === root || (pid !== undefined && pid > 1 && belongs(parentOf.get(pid)));
  return [...parentOf.keys()].filter(belongs).flatMap((pid) => {
    try {
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      const [, kilobytes] = /^Pss:\s+(\d+) kB$/m.exec(rollup) ?? [];
      // A process that is ending has no memory any more.
      return kilobytes === undefined
        ? []
        : [{ pid, name: nameOf(pid, pid === root), pssBytes: Number(kilobytes) * 1024 }];
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ESRCH') return [];
      throw error;
    }
  });
}
