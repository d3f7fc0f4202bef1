import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { inject } from 'vitest';
import { eventually } from './eventually.ts';
import { FAILED, PREPARED } from './prepare-platform.ts';
import { newHome, type Platform, startPlatform } from './start-platform.ts';

const PATIENCE_MS = 170_000;

/**
 * A platform of the caller's own, with the example site and nothing else, on a copy of the state that the run has prepared: as after a
 * restart. What a start from nothing does is the subject of `restart.e2e.test.ts`.
 */
export async function startPreparedPlatform(): Promise<Platform> {
  const folder = inject('preparedPlatform');
  const failed = path.join(folder, FAILED);
  const prepared = path.join(folder, PREPARED);
  await eventually(
    async () => (existsSync(prepared) || existsSync(failed) ? true : undefined),
    'a platform is prepared',
    PATIENCE_MS,
  );
  if (existsSync(failed)) throw new Error(`no platform could be prepared: ${readFileSync(failed, 'utf8')}`);
  const home = newHome();
  // Node's own copy does not keep owners, and Postgres takes only files that are its account's.
  execFileSync('cp', ['-a', `${prepared}/.`, home]);
  return startPlatform(home);
}
