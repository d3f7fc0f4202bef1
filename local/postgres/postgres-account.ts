import { execFileSync } from 'node:child_process';
import { realpathSync, statSync } from 'node:fs';
import path from 'node:path';

/** The Unix account Postgres runs as. Empty: the one this process has. */
export type PostgresAccount = { readonly uid: number; readonly gid: number } | Readonly<Record<string, never>>;

function idOf(name: string, flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
}

/**
 * Postgres refuses to run as root, and initdb refuses a user id without a name. Root therefore hands it to an
 * account that exists nearly everywhere; a data directory that exists already stays with the one that made it.
 */
export function postgresAccount(dataDirectory: string): PostgresAccount {
  const existing = statSync(dataDirectory, { throwIfNoEntry: false });
  const self = process.getuid?.();
  if (self !== 0) {
    if (existing && existing.uid !== self) {
      throw new Error(`${dataDirectory} belongs to another user (id ${existing.uid}): start it as that user.`);
    }
    return {};
  }
  if (existing && existing.uid !== 0) return { uid: existing.uid, gid: existing.gid };
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: idOf(name, '-u'), gid: idOf(name, '-g') };
    } catch {
      // This machine has no such account.
    }
  }
  throw new Error('Postgres does not run as root, and there is no account "postgres" or "nobody" to run it as.');
}

/** What another account may not pass or execute on the way to `target` (itself included); undefined if nothing. */
export function whatIsInTheWay(account: PostgresAccount, target: string): string | undefined {
  if (account.uid === undefined) return undefined;
  const names = realpathSync(target).split(path.sep).slice(1);
  const steps = ['/', ...names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`)];
  return steps.find((step) => {
    const { mode, uid, gid } = statSync(step);
    const execute = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    return (mode & execute) === 0;
  });
}
