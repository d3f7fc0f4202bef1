import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';

/** What the local cloud itself has to say, apart from what its functions and builds log. */
export interface LogFile {
  readonly file: string;
  /** A writer of lines, marked with who speaks. */
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
