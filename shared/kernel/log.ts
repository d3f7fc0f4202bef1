export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log of one function, one JSON object per line (`runtime/logger.ts`). Must never be passed a secret. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with fields added to every line. */
  with(fields: LogFields): Log;
}
