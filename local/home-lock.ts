import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { commandLineOf, isProcessAlive } from './processes/process-alive.ts';
import { StartError } from './start-error.ts';

/**
 * Makes this process the only one that uses a state folder, until it ends. The lock of a process that is gone (`kill -9`) is taken
 * over. Throws `StartError` when another local cloud runs there, or the folder cannot be written.
 */
export function lockHome(home: string): () => void {
  const file = path.join(home, 'lock');
  try {
    mkdirSync(home, { recursive: true, mode: 0o755 });
    for (let tries = 0; ; tries++) {
      try {
        writeFileSync(file, String(process.pid), { flag: 'wx' });
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries > 0) throw error;
        const holder = Number(readFileSync(file, 'utf8'));
        // A process id may have been given to somebody else since.
        if (holder !== process.pid && isProcessAlive(holder) && (commandLineOf(holder) ?? '').includes('local/main')) {
          throw new StartError(
            `a local cloud already runs on ${home} (process ${holder}); stop it, or set MIAOBU_HOME`,
          );
        }
        rmSync(file, { force: true });
      }
    }
  } catch (error) {
    if (error instanceof StartError) throw error;
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new StartError(`cannot write to ${home} (${why}); set MIAOBU_HOME to a folder you own`);
  }
  return () => rmSync(file, { force: true });
}
