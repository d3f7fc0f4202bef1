import { existsSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { StartError } from './start-error.ts';

const MB = 1024 * 1024;
/** Postgres's empty database, its log, the platform's code and an example take about 75 MB. */
const FIRST_START_MB = 120;
const LATER_START_MB = 20;

/** Throws `StartError` when a state folder's disk is too full to start: running out later would cause all kinds of errors. */
export function requireSpace(home: string, free = freeMegabytes(home)): void {
  const needed = existsSync(path.join(home, 'secrets.json')) ? LATER_START_MB : FIRST_START_MB;
  if (free >= needed) return;
  throw new StartError(
    `the disk of ${home} is full (${Math.floor(free)} MB are free, ${needed} MB are needed); make room, or set MIAOBU_HOME`,
  );
}

function freeMegabytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return (bavail * bsize) / MB;
}
