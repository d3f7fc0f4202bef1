import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errorCode } from '../build-failure.ts';

/** Removes what a build has left, even folders nested deeper than a path can express: `rm` descends from one to the next. */
export async function removeTree(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    if (errorCode(error) !== 'ENAMETOOLONG') throw error;
    await promisify(execFile)('rm', ['-rf', '--', folder], { cwd: '/', env: { PATH: '/usr/bin:/bin' } });
  }
}
