import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process of the platform. */
export interface CallingProcess {
  readonly pid: number;
  /** `webhook`, `deploy`, …; `builder`; empty for any other. */
  readonly name: string;
}

const FUNCTION_NAME = /(?:^|\0)FC_FUNCTION_NAME=miaobu-([a-z-]+)(?:\0|$)/;
const BUILDER = /\0[^\0]*\/builder\.cjs(?:\0|$)/;

const hexPort = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The inode of the socket that speaks from one local port to another. */
function inodeOf(from: number, to: number): string | undefined {
  for (const line of read('/proc/net/tcp').split('\n')) {
    const [, local, remote, , , , , , , inode] = line.trim().split(/\s+/);
    if (local?.endsWith(`:${hexPort(from)}`) && remote?.endsWith(`:${hexPort(to)}`)) return inode;
  }
  return undefined;
}

function holds(pid: string, socket: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${descriptor}`) === socket;
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}

const nameOf = (pid: string) => {
  if (BUILDER.test(read(`/proc/${pid}/cmdline`))) return 'builder';
  return FUNCTION_NAME.exec(read(`/proc/${pid}/environ`))?.[1] ?? '';
};

const processes = () => readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));

/** The process at the other end of a connection on this machine, according to Linux. */
export function callingProcess(from: number, to: number): CallingProcess | undefined {
  const inode = inodeOf(from, to);
  const pid = inode && processes().find((each) => holds(each, `socket:[${inode}]`));
  return pid ? { pid: Number(pid), name: nameOf(pid) } : undefined;
}

/** The builders that run on behalf of a state folder. */
export const buildersOf = (home: string): number[] =>
  processes()
    .filter((pid) => read(`/proc/${pid}/cmdline`).includes(`${home}/cloud/builder.cjs`))
    .map(Number);
