import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { runningPostmaster, stopPostmaster } from './postmaster.ts';

/** Ends the server that a killed process left running on a data directory, so that the directory can be deleted. */
export async function stopLeftoverPostgres(directory: string): Promise<void> {
  if (!existsSync(path.join(directory, 'PG_VERSION'))) return;
  const location = path.join(realpathSync(path.dirname(directory)), path.basename(directory));
  const data = { path: location, logFile: `${location}.log` };
  const left = await runningPostmaster(data);
  if (left) await stopPostmaster(data, left);
}
