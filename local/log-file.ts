import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';

/** The local cloud's own log, separate from those of its functions and builds. */
export interface LogFile {
  readonly file: string;
  /** A writer of lines, prefixed with their source. */
  lines(source: string): (line: string) => void;
  close(): void;
}

/** Opens (or begins) a log file for appending. */
export function openLogFile(file: string): LogFile {
  mkdirSync(path.dirname(file), { recursive: true });
  const descriptor = openSync(file, 'a', 0o600);
  let open = true;
  return {
    file,
    lines: (source) => (line) => {
      if (open) writeSync(descriptor, `${new Date().toISOString()} ${source}: ${line}\n`);
    },
    close() {
      open = false;
      closeSync(descriptor);
    },
  };
}
