import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { newHome, startPlatform } from './start-platform.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder in which a platform is prepared; see `start-prepared-platform.ts`. */
    preparedPlatform: string;
  }
}

/** The file names of a prepared platform's state, or of the reason why there is none, in its folder. */
export const PREPARED = 'home';
export const FAILED = 'failed';

/**
 * Starts a platform once per test run, and stops it: starting on a copy of its state is a third of the work of starting from nothing. Test
 * files that do not need one do not wait for it.
 */
export default function preparePlatform(project: TestProject): () => Promise<void> {
  const folder = newHome();
  project.provide('preparedPlatform', folder);
  const prepared = prepare(folder).catch((error: unknown) => {
    writeFileSync(path.join(folder, FAILED), error instanceof Error ? error.message : String(error));
  });
  return async () => {
    await prepared;
    rmSync(folder, { recursive: true, force: true });
  };
}

async function prepare(folder: string): Promise<void> {
  const home = path.join(folder, 'unfinished');
  mkdirSync(home, { mode: 0o755 });
  const platform = await startPlatform(home);
  await platform.stop();
  // Every platform chooses its own: two that run at the same time cannot share one.
  rmSync(path.join(home, 'port'));
  renameSync(home, path.join(folder, PREPARED));
}
