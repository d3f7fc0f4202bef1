import { existsSync } from 'node:fs';
import path from 'node:path';
import { openDataDirectory } from './data-directory.ts';
import { runningPostmaster, stopPostmaster } from './postmaster.ts';

/** Ends the server that a killed process left running on a data directory, so that the directory can be deleted. */
export async function stopLeftoverPostgres(directory: string): Promise<void> {
  if (!existsSync(path.join(directory, 'PG_VERSION'))) return;
  const data = openDataDirectory(directory, () => {});
  const left = await runningPostmaster(data);
  if (left) await stopPostmaster(data, left);
}
