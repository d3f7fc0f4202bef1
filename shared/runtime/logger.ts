import { AppError } from '../kernel/app-error.ts';

export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log of one function, one JSON object a line. Never given a secret; what looks like one is masked anyway. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with fields added to every line. */
  with(fields: LogFields): Log;
}

// Last line of defence: credentials by their form, wherever they hide in a message.
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/\bmb_([a-z]+)_[0-9A-Za-z]+/g, 'mb_$1_***'],
  [/\b(gh[opsur]_|github_pat_)[0-9A-Za-z_]+/g, '$1***'],
  [/\b(Bearer|token|Basic)\s+[\w.~+/=-]{8,}/gi, '$1 ***'],
  [/(\/\/[^/\s:@"]+:)[^@\s"]+@/g, '$1***@'],
  [/((?:signature|security-token|access_token|token)=)[^&\s"]+/gi, '$1***'],
];

export const maskSecrets = (text: string) => SECRETS.reduce((masked, [form, mask]) => masked.replace(form, mask), text);

/** An error as log fields: code, stack, and the same of its causes. */
export function describeError(error: unknown, depth = 0): LogFields {
  if (!(error instanceof Error)) return { error: String(error) };
  const code = error instanceof AppError ? error.code : (error as { code?: unknown }).code;
  return {
    error: error.message,
    ...(code === undefined ? {} : { code }),
    stack: error.stack?.split('\n').slice(1, 8).join('\n'),
    ...(error.cause === undefined || depth >= 3 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}

/** Writes to `write` (default: standard output), one line a call. */
export function createLog(
  fields: LogFields,
  write: (line: string) => void = (line) => void process.stdout.write(line),
): Log {
  const emit = (level: string, message: string, more: LogFields = {}) =>
    write(`${maskSecrets(JSON.stringify({ time: new Date().toISOString(), level, ...fields, message, ...more }))}\n`);
  return {
    info: (message, more) => emit('info', message, more),
    warn: (message, more) => emit('warn', message, more),
    error: (message, more) => emit('error', message, more),
    with: (more) => createLog({ ...fields, ...more }, write),
  };
}
