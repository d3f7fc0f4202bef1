import { execFile } from 'node:child_process';
import { chown, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Workspace } from '../source/workspace.ts';

export interface BuildUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The range systemd gives to users that exist only while something runs: no account has a number in it. `nobody` would
 * not do. Databases and other builds run as `nobody` too, so neither could be told from this build's processes when they
 * are ended, nor be kept from each other.
 */
const FIRST_UID = 61_184;
const LAST_UID = 65_519;

/** Whether every user may walk to `file`. */
export async function isReachableByAll(file: string): Promise<boolean> {
  for (let current = path.dirname(file); ; current = path.dirname(current)) {
    if (((await stat(current)).mode & 0o001) === 0) return false;
    if (current === path.dirname(current)) return true;
  }
}

async function usersOfProcesses(): Promise<Set<number>> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const owners = await Promise.all(pids.map((pid) => stat(`/proc/${pid}`).catch(() => undefined)));
  return new Set(owners.map((owner) => owner?.uid ?? -1));
}

export type ChosenUser = { readonly user: BuildUser } | { readonly user: undefined; readonly why: string };

/** A user for this build alone, who owns the source, HOME and TMPDIR; or why the build runs as the runner's own user. */
export async function chooseBuildUser({ folder, source, home, temporary }: Workspace): Promise<ChosenUser> {
  if (process.getuid?.() !== 0) return { user: undefined, why: 'the runner was not started as root' };
  if (!(await isReachableByAll(source))) return { user: undefined, why: `other users cannot reach ${folder}` };
  const taken = await usersOfProcesses();
  const free = Array.from({ length: LAST_UID - FIRST_UID + 1 }, (_, i) => FIRST_UID + i).filter((it) => !taken.has(it));
  const uid = free[Math.floor(Math.random() * free.length)];
  if (uid === undefined) return { user: undefined, why: 'no user number is free' };
  try {
    // A container may know too few user numbers; this finds out.
    await chown(home, uid, uid);
    await promisify(execFile)('chown', ['-R', '-h', `${uid}:${uid}`, source, temporary], { env: {} });
  } catch {
    return { user: undefined, why: 'this machine cannot give files to another user' };
  }
  return { user: { uid, gid: uid } };
}
