/** Why the local cloud cannot start, in one line for a person; printed without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

const SQLITE_FULL = 13;

/**
 * The line for the user: of a `StartError`, and of an operating system error. Undefined for everything else, which is a
 * bug of ours and needs its stack.
 */
export function plainReason(error: unknown): string | undefined {
  if (error instanceof StartError) return error.message;
  if (!(error instanceof Error)) return undefined;
  const { code, path, port, errcode } = error as NodeJS.ErrnoException & { port?: number; errcode?: number };
  const what = path === undefined ? '' : ` (${path})`;
  if (errcode === SQLITE_FULL) return 'the disk is full; make room, or set MIAOBU_HOME to a folder on another disk';
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `the disk is full${what}; make room, or set MIAOBU_HOME to a folder on another disk`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `not allowed to write${what}: ${code}`;
    case 'EMFILE':
      return 'too many open files; raise the limit (ulimit -n)';
    case 'EADDRINUSE':
      return `port ${port} is in use; stop what uses it, or set MIAOBU_PORT to another`;
    default:
      return undefined;
  }
}
