import { execFile } from 'node:child_process';
import { lstat, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { removeTree } from '../source/remove-tree.ts';
import type { BuildUser } from './build-user.ts';

/** World-writable folders of common systems, besides the runner's own temporary folder. */
const OPEN_FOLDERS = ['/tmp', '/var/tmp', '/dev/shm', '/dev/mqueue', '/run/lock'];
/** World-writable folders contain others, such as those for sockets. */
const DEPTH = 3;
const OTHERS_MAY_WRITE = 0o002;

async function removeIn(folder: string, uid: number, depth: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const file = path.join(folder, name);
    const state = await lstat(file).catch(() => undefined);
    if (!state) continue;
    if (state.uid === uid) await removeTree(file);
    else if (depth > 1 && state.isDirectory() && (state.mode & OTHERS_MAY_WRITE) !== 0) {
      await removeIn(file, uid, depth - 1);
    }
  }
}

/**
 * Removes what a finished build with its own user left outside its workspace: files in world-writable
 * folders, shared memory, semaphores and queues. The next build finds none of it.
 */
export async function removeUserLeftovers({ uid, gid }: BuildUser): Promise<void> {
  for (const folder of new Set([...OPEN_FOLDERS, tmpdir()])) await removeIn(folder, uid, DEPTH);
  // Run as that user, it can remove only what the user owns. A system without the program has nothing to remove.
  await new Promise<void>((resolve) => {
    execFile('ipcrm', ['--all'], { uid, gid, cwd: '/', env: { PATH: '/usr/bin:/bin' } }, () => resolve());
  });
}
