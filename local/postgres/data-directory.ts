import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { type PostgresAccount, postgresAccount, whatIsInTheWay } from './postgres-account.ts';
import { type PostgresBinaries, postgresBinaries } from './postgres-binaries.ts';

/** A data directory that Postgres can be started on, with its related files. */
export interface DataDirectory {
  /** Absolute, symbolic links resolved: as Postgres itself reports it. */
  readonly path: string;
  readonly password: string;
  readonly account: PostgresAccount;
  readonly binaries: PostgresBinaries;
  /** Beside the data directory: the port of the last start, and what Postgres logs. */
  readonly portFile: string;
  readonly logFile: string;
}

/** Postgres gets none of our variables: `PGOPTIONS`, `PGPORT` and their like would change what it does. */
export const postgresEnvironment = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };

/** Creates the data directory on first use; afterwards checks that the installed Postgres can open it. */
export function openDataDirectory(directory: string, log: (line: string) => void): DataDirectory {
  const wanted = path.resolve(directory);
  mkdirSync(path.dirname(wanted), { recursive: true });
  const location = path.join(realpathSync(path.dirname(wanted)), path.basename(wanted));
  const account = postgresAccount(location);
  const blocked = whatIsInTheWay(account, path.dirname(location));
  if (blocked) {
    throw new Error(
      `Postgres does not run as root, and no other user can pass ${blocked} on the way to ${location}: keep the data elsewhere, or open that folder (chmod o+x).`,
    );
  }
  const binaries = postgresBinaries(account);
  const passwordFile = `${location}.password`;
  if (!existsSync(path.join(location, 'PG_VERSION'))) {
    log(`Creating a Postgres ${binaries.majorVersion} data directory in ${location}`);
    create(location, createPassword(passwordFile), binaries, account);
  }
  checkVersion(location, binaries);
  return {
    path: location,
    password: readPassword(passwordFile, location),
    account,
    binaries,
    portFile: `${location}.port`,
    logFile: `${location}.log`,
  };
}

function createPassword(file: string): string {
  try {
    writeFileSync(file, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8').trim();
}

function readPassword(file: string, location: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new Error(`The password of ${location} cannot be read from ${file}: put the file back, or remove both.`, {
      cause,
    });
  }
}

/** initdb works in a folder of its own, renamed when complete: an initdb cut short leaves nothing that looks usable. */
function create(location: string, password: string, binaries: PostgresBinaries, account: PostgresAccount): void {
  const workshop = mkdtempSync(`${location}.new-`);
  const passwordFile = path.join(workshop, 'password');
  const unfinished = path.join(workshop, 'data');
  try {
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    if (account.uid !== undefined) {
      for (const owned of [workshop, passwordFile]) chownSync(owned, account.uid, account.gid);
    }
    const login = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    const args = [`--pgdata=${unfinished}`, ...login, '--encoding=UTF8', '--no-locale'];
    execFileSync(binaries.initdb, args, { ...account, env: postgresEnvironment, cwd: '/', stdio: 'pipe' });
    renameSync(unfinished, location);
  } catch (error) {
    // Two concurrent starts may both create it; the later one uses what the first created.
    if (existsSync(path.join(location, 'PG_VERSION'))) return;
    const lines = (error as { stderr?: Buffer }).stderr?.toString().trim().split('\n') ?? [];
    // After the reason come child processes, hints and clean-up messages.
    const said = lines.find((line) => /(error|FATAL|PANIC): /.test(line)) ?? lines.at(-1);
    throw new Error(`initdb could not create ${location}: ${said || (error as Error).message}`, { cause: error });
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

function checkVersion(location: string, binaries: PostgresBinaries): void {
  const version = readFileSync(path.join(location, 'PG_VERSION'), 'utf8').trim();
  if (version !== binaries.majorVersion) {
    throw new Error(
      `${location} was created by Postgres ${version}, and this is Postgres ${binaries.majorVersion}: move it away to start with an empty database.`,
    );
  }
}
