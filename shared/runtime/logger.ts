import type { Log, LogFields } from '../kernel/log.ts';

// Last line of defence: recognises credentials by their format, wherever they occur in a message.
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/\bmb_([a-z]+)_[0-9A-Za-z]+/g, 'mb_$1_***'],
  [/\b(gh[opsur]_|github_pat_)[0-9A-Za-z_]+/g, '$1***'],
  [/\b(Bearer|token|Basic)\s+[\w.~+/=-]{8,}/gi, '$1 ***'],
  [/(\/\/[^/\s:@"]+:)[^@\s"]+@/g, '$1***@'],
  [/((?:signature|security-token|access_token|token)=)[^&\s"]+/gi, '$1***'],
];

/** The text with `***` in place of anything that looks like a credential. It matches formats only, not known values. */
export const maskSecrets = (text: string) => SECRETS.reduce((masked, [form, mask]) => masked.replace(form, mask), text);

/** Writes to `write` (default: standard output), one line per call. */
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
