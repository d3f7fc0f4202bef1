import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { BuildFailure, errorCode } from '../build-failure.ts';
import { isInside } from '../source/folder-inside.ts';
import { RUN_MARK } from './build-environment.ts';
import type { BuildUser } from './build-user.ts';

/** How the processes of one command can be recognised. */
export interface ProcessTraits {
  /** Process id of the command's shell, which leads a process group and a session. */
  readonly leader: number;
  /** With its own user every process is found, however it hides. */
  readonly user: BuildUser | undefined;
  readonly mark: string;
  readonly folder: string;
}

const GIVE_UP_MS = 20_000;

async function belongs(pid: number, { leader, user, mark, folder }: ProcessTraits): Promise<boolean> {
  const proc = `/proc/${pid}`;
  // The name of the program, in parentheses, may itself contain spaces and parentheses.
  const stat = await readFile(`${proc}/stat`, 'utf8');
  const [state, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Dead already, and only waiting for its parent to notice.
  if (state === 'Z' || state === 'X') return false;
  if (Number(group) === leader || Number(session) === leader) return true;
  if (user) {
    // Real, effective, saved and file-system user: a set-uid program has several.
    const [, uids = ''] = /^Uid:\s*(.*)$/m.exec(await readFile(`${proc}/status`, 'utf8')) ?? [];
    return uids.split(/\s+/).map(Number).includes(user.uid);
  }
  const environment = await readFile(`${proc}/environ`, 'latin1').catch(() => '');
  if (environment.split('\0').includes(`${RUN_MARK}=${mark}`)) return true;
  return isInside(folder, await readlink(`${proc}/cwd`).catch(() => ''));
}

/** On Linux every process on the machine is checked; elsewhere only the process group. */
async function survivors(traits: ProcessTraits): Promise<number[]> {
  if (process.platform !== 'linux') {
    try {
      process.kill(-traits.leader, 0);
      return [-traits.leader];
    } catch {
      return [];
    }
  }
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 1 && pid !== process.pid);
  const checked = await Promise.all(
    pids.map(async (pid) => {
      try {
        return (await belongs(pid, traits)) ? [pid] : [];
      } catch {
        return [];
      }
    }),
  );
  return checked.flat();
}

function kill(pid: number) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

/**
 * Kills everything that a user runs, in one system call, so that processes that fork faster than they can be found cannot
 * escape.
 */
async function killAllOf({ uid, gid }: BuildUser): Promise<void> {
  const killer = spawn('/bin/sh', ['-c', 'kill -s KILL -- -1'], { uid, gid, cwd: '/', env: {}, stdio: 'ignore' });
  // If it could not be started, they are ended one by one.
  await once(killer, 'exit').catch(() => {});
}

/**
 * Kills everything a command left behind: its process group and, on Linux, also what left the group. Resolves when a
 * scan of all processes finds none of them, so that nothing can still change the output; throws when that cannot be
 * achieved.
 */
export async function endProcesses(traits: ProcessTraits): Promise<void> {
  const end = Date.now() + GIVE_UP_MS;
  for (let pause = 1; ; pause = Math.min(pause * 2, 100)) {
    if (traits.user) await killAllOf(traits.user);
    const alive = await survivors(traits);
    if (alive.length === 0) return;
    if (Date.now() > end) {
      throw new BuildFailure('runner_error', `${alive.length} processes of the build could not be ended.`);
    }
    for (const pid of alive) kill(pid);
    await delay(pause);
  }
}
