import { mkdir, readdir, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '../build-failure.ts';

/**
 * The range systemd gives to users that exist only while something runs: no account has a number in it. `nobody` would
 * not do. Databases and other builds run as `nobody` too, so neither could be told from this build's processes when they
 * are killed, nor be isolated from each other.
 */
const FIRST = 61_184;
const LAST = 65_519;
/** Only root writes here. A claim holds the process id of the runner that owns the number. */
const CLAIMS = '/run/miaobu-build-users';

export interface ClaimedNumber {
  readonly number: number;
  release(): Promise<void>;
}

async function usersOfProcesses(): Promise<Set<number>> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const owners = await Promise.all(pids.map((pid) => stat(`/proc/${pid}`).catch(() => undefined)));
  return new Set(owners.map((owner) => owner?.uid ?? -1));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Undefined when another runner has it, or had it and was killed a moment ago. */
async function claim(number: number): Promise<ClaimedNumber | undefined> {
  const file = path.join(CLAIMS, String(number));
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' });
    return { number, release: () => unlink(file) };
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (owner > 0 && !isRunning(owner)) await unlink(file).catch(() => {});
    return undefined;
  }
}

/** A user id that nobody else on this machine has, for as long as this runner needs it. Undefined when all are taken. */
export async function claimUserNumber(): Promise<ClaimedNumber | undefined> {
  await mkdir(CLAIMS, { recursive: true, mode: 0o700 });
  const taken = await usersOfProcesses();
  const free = Array.from({ length: LAST - FIRST + 1 }, (_, index) => FIRST + index).filter((it) => !taken.has(it));
  while (free.length > 0) {
    const [number = 0] = free.splice(Math.floor(Math.random() * free.length), 1);
    const claimed = await claim(number);
    if (claimed) return claimed;
  }
  return undefined;
}
