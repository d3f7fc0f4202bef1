import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { StartError } from './start-error.ts';

const POLL_MS = 50;
/** Long enough for a process that is just ending. */
const PATIENCE_MS = 5000;
const SQLITE_BUSY = 5;

/** Step by step: Node's `recursive` never returns where the system allows no folder, as below /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o755 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Takes SQLite's exclusive lock, which the system releases when the process ends, in whatever way. */
function tryLock(file: string): DatabaseSync | undefined {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('begin exclusive');
    return database;
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
}

function holderOf(file: string): string {
  try {
    return ` (process ${readFileSync(file, 'utf8').trim()})`;
  } catch {
    return '';
  }
}

/**
 * Makes this process the only user of a state folder until it ends; returns a function that releases it. Throws `StartError` when
 * another local cloud runs there, or the folder cannot be written.
 */
export async function lockHome(home: string, { patienceMs = PATIENCE_MS } = {}): Promise<() => void> {
  const file = path.join(home, 'lock.sqlite');
  const holder = path.join(home, 'pid');
  try {
    makeFolder(home);
    for (const end = Date.now() + patienceMs; ; await delay(POLL_MS)) {
      const lock = tryLock(file);
      if (lock) {
        writeFileSync(holder, `${process.pid}\n`);
        return () => lock.close();
      }
      if (Date.now() > end) {
        throw new StartError(`a local cloud already runs on ${home}${holderOf(holder)}; stop it, or set MIAOBU_HOME`);
      }
    }
  } catch (error) {
    if (error instanceof StartError) throw error;
    if (statSync(home, { throwIfNoEntry: false })?.isDirectory() === false) {
      throw new StartError(`MIAOBU_HOME is ${home}, which is not a folder`);
    }
    throw new StartError(`cannot write to ${home} (${(error as Error).message}); set MIAOBU_HOME to a folder you own`);
  }
}
