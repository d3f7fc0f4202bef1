import { execFile } from 'node:child_process';
import { chown, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { BuildFailure } from '../build-failure.ts';
import type { Workspace } from '../source/workspace.ts';
import { claimUserNumber } from './claim-user-number.ts';
import { removeUserLeftovers } from './remove-user-leftovers.ts';

export interface BuildUser {
  readonly uid: number;
  readonly gid: number;
}

/** Whether every user may walk to `file`. */
export async function isReachableByAll(file: string): Promise<boolean> {
  for (let current = path.dirname(file); ; current = path.dirname(current)) {
    if (((await stat(current)).mode & 0o001) === 0) return false;
    if (current === path.dirname(current)) return true;
  }
}

export type ChosenUser = { readonly user: BuildUser } | { readonly user: undefined; readonly why: string };

/**
 * A user for this build alone, who owns the source, HOME and TMPDIR, and leaves nothing behind when the workspace is removed; or why
 * the build runs as the runner's own user.
 */
export async function chooseBuildUser({
  folder,
  source,
  home,
  temporary,
  beforeRemoval,
}: Workspace): Promise<ChosenUser> {
  if (process.getuid?.() !== 0) return { user: undefined, why: 'the runner was not started as root' };
  if (!(await isReachableByAll(source))) return { user: undefined, why: `other users cannot reach ${folder}` };
  const claimed = await claimUserNumber();
  if (!claimed) throw new BuildFailure('runner_error', 'Too many builds run on this machine.');
  const user = { uid: claimed.number, gid: claimed.number };
  beforeRemoval(async () => {
    await removeUserLeftovers(user);
    await claimed.release();
  });
  try {
    // A container may have too few user ids; this finds out.
    await chown(home, user.uid, user.gid);
    const owner = `${user.uid}:${user.gid}`;
    await promisify(execFile)('chown', ['-R', '-h', owner, source, temporary], { env: {} });
  } catch {
    return { user: undefined, why: 'this machine cannot give files to another user' };
  }
  return { user };
}
