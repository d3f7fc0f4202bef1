import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { inject } from 'vitest';
import { eventually } from './eventually.ts';
import { FAILED, PREPARED } from './prepare-platform.ts';
import { newHome, type Platform, startPlatform } from './start-platform.ts';

const PATIENCE_MS = 300_000;

/** The state folder of the platform that the run prepares, once it is ready. To be copied, never written to. */
export async function preparedHome(): Promise<string> {
  const folder = inject('preparedPlatform');
  const failed = path.join(folder, FAILED);
  const prepared = path.join(folder, PREPARED);
  await eventually(
    async () => (existsSync(prepared) || existsSync(failed) ? true : undefined),
    'a platform is prepared',
    PATIENCE_MS,
  );
  if (existsSync(failed)) throw new Error(`no platform could be prepared: ${readFileSync(failed, 'utf8')}`);
  return prepared;
}

/**
 * A platform of the caller's own, with the example site and nothing else, on a copy of the prepared state: as after a
 * restart. A start from nothing is what prepares that state; if it fails, so does every test that calls this.
 */
export async function startPreparedPlatform(): Promise<Platform> {
  const prepared = await preparedHome();
  const home = newHome();
  // Node's own copy does not keep owners, and Postgres takes only files that are its account's.
  execFileSync('cp', ['-a', `${prepared}/.`, home]);
  return startPlatform(home);
}
