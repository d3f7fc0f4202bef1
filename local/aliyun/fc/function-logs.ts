import { createWriteStream, mkdirSync, openSync, renameSync, statSync, type WriteStream } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** `platform` lines are FC's own: a start that failed, a request that took too long, an event that was given up. */
export interface LogLine {
  readonly function: string;
  /** Empty for a line without an instance. */
  readonly instance: string;
  readonly stream: 'stdout' | 'stderr' | 'platform';
  readonly line: string;
}

export interface FunctionLogs {
  write(line: LogLine): void;
  /** Writes every line of an instance's stream as it comes. */
  follow(source: Readable, from: Omit<LogLine, 'line'>, onLine?: (line: string) => void): void;
  close(): Promise<void>;
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;
const MAX_LINE_LENGTH = 64 * 1024;

/**
 * Hands every line on, and appends it to `{directory}/{function}.log`. A file that has grown to `maxFileBytes` becomes
 * `{function}.log.1`, in place of the one before.
 */
export function createFunctionLogs(
  directory: string,
  onLine: (line: LogLine) => void,
  now: () => number,
  maxFileBytes = MAX_FILE_BYTES,
): FunctionLogs {
  mkdirSync(directory, { recursive: true });
  const files = new Map<string, { stream: WriteStream; bytes: number }>();
  const ending: Promise<void>[] = [];
  const open = (file: string) => {
    // Opened immediately: the very next line may rename it.
    const stream = createWriteStream(file, { fd: openSync(file, 'a') });
    stream.on('error', (error) => console.error(`the log ${file} cannot be written:`, error.message));
    return { stream, bytes: statSync(file).size };
  };
  const end = (stream: WriteStream) => void ending.push(new Promise((resolve) => stream.end(() => resolve())));
  const fileOf = (functionName: string) => {
    const name = path.join(directory, `${functionName}.log`);
    const known = files.get(name);
    if (known && known.bytes < maxFileBytes) return known;
    if (known) {
      end(known.stream);
      renameSync(name, `${name}.1`);
    }
    const opened = open(name);
    files.set(name, opened);
    return opened;
  };
  const write = (line: LogLine) => {
    onLine(line);
    const text = `${new Date(now()).toISOString()} ${line.instance || '-'} ${line.stream} ${line.line}\n`;
    const file = fileOf(line.function);
    file.stream.write(text);
    file.bytes += Buffer.byteLength(text);
  };
  return {
    write,
    follow(source, from, onOwnLine) {
      const lines = createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY });
      lines.on('line', (line) => {
        const shown = line.slice(0, MAX_LINE_LENGTH);
        onOwnLine?.(shown);
        write({ ...from, line: shown });
      });
    },
    async close() {
      for (const { stream } of files.values()) end(stream);
      files.clear();
      await Promise.all(ending);
    },
  };
}
