import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../tests/patience.ts';
import { isProcessAlive } from './process-alive.ts';
import { startReaper } from './reaper.ts';
import { spawnWatched } from './spawn-watched.ts';

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanUp.splice(0)) step();
});

function killLater(pid: number): number {
  cleanUp.push(() => {
    if (isProcessAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  return pid;
}

const gone = (pid: number) => vi.waitUntil(() => !isProcessAlive(pid), PATIENCE);

/** A shell that starts a child of its own, prints both ids and stays. */
const family = `sleep 600 & echo $$ $!; wait`;

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('no output to read');
  const [line] = await once(createInterface(child.stdout), 'line');
  return String(line);
}

/** A main program with a reaper that watches one family and has released another. */
async function startMain(): Promise<{ main: ChildProcess; watched: number[]; released: number[] }> {
  const source = `
    import { spawn } from 'node:child_process';
    import { startReaper } from ${JSON.stringify(import.meta.resolve('./reaper.ts'))};
    const reaper = startReaper();
    const ids = async () => {
      const child = spawn('/bin/sh', ['-c', ${JSON.stringify(family)}], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
      reaper.watch(child.pid);
      const [ids] = await child.stdout.setEncoding('utf8').take(1).toArray();
      return ids.trim().split(' ').map(Number);
    };
    const [released, watched] = [await ids(), await ids()];
    reaper.release(released[0]);
    for (const pid of watched) process.kill(pid, 'SIGSTOP');
    console.log(JSON.stringify({ watched, released }));
    setInterval(() => {}, 60_000);`;
  const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...env } = process.env;
  const main = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (main.pid) killLater(main.pid);
  const { watched, released } = JSON.parse(await firstLine(main));
  for (const pid of [...watched, ...released]) killLater(pid);
  return { main, watched, released };
}

test('a main killed by SIGKILL takes its frozen children and grandchildren with it, and nothing it released', async () => {
  const { main, watched, released } = await startMain();
  expect([...watched, ...released].map(isProcessAlive)).toEqual([true, true, true, true]);
  main.kill('SIGKILL');
  for (const pid of watched) await gone(pid);
  expect(released.map(isProcessAlive)).toEqual([true, true]);
});

test('closing kills what is still watched', async () => {
  const reaper = startReaper();
  const { pid, child, exited } = await spawnWatched(reaper, '/bin/sh', ['-c', family]);
  killLater(pid);
  const [, grandchild = 0] = (await firstLine(child)).split(' ').map(Number);
  killLater(grandchild);
  expect(isProcessAlive(grandchild)).toBe(true);
  await reaper.close();
  expect(await exited).toEqual({ code: null, signal: 'SIGKILL' });
  await gone(grandchild);
});

test('a process that should end by itself is asked to, and a released one is not', async () => {
  const reaper = startReaper();
  const polite = `trap 'echo asked; exit 0' INT; echo ready; while :; do sleep 0.05; done`;
  const [asked, released] = [1, 2].map(() =>
    spawn('/bin/sh', ['-c', polite], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  if (!asked?.pid || !released?.pid) throw new Error('did not start');
  for (const child of [asked, released]) {
    killLater(child.pid ?? 0);
    reaper.askToEnd(child.pid ?? 0);
    expect(await firstLine(child)).toBe('ready');
  }
  reaper.release(released.pid);
  const answer = firstLine(asked);
  await reaper.close();
  expect(await answer).toBe('asked');
  expect(isProcessAlive(released.pid)).toBe(true);
});

test('an id that would mean a whole group, or everything, is refused', async () => {
  const reaper = startReaper();
  for (const pid of [0, 1, -1, -5, Number.NaN, 1.5]) expect(() => reaper.watch(pid)).toThrow(RangeError);
  await reaper.close();
});

test('what a program leaves in its group ends with it', async () => {
  const reaper = startReaper();
  const { pid, child, exited } = await spawnWatched(reaper, '/bin/sh', ['-c', 'sleep 600 & echo $!; exit 3']);
  killLater(pid);
  const grandchild = killLater(Number(await firstLine(child)));
  expect(await exited).toEqual({ code: 3, signal: null });
  await gone(grandchild);
  await reaper.close();
});

test('a signal reaches the whole group', async () => {
  const reaper = startReaper();
  const watched = await spawnWatched(reaper, '/bin/sh', ['-c', family]);
  const [, grandchild = 0] = (await firstLine(watched.child)).split(' ').map(Number);
  killLater(grandchild);
  watched.signal('SIGTERM');
  expect(await watched.exited).toEqual({ code: null, signal: 'SIGTERM' });
  await gone(grandchild);
  watched.signal('SIGTERM');
  await reaper.close();
});

test('a program gets no NODE_EXTRA_CA_CERTS, and one that does not exist is an error', async () => {
  const reaper = startReaper();
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: '/certificates.pem', KEPT: 'yes' };
  const { child } = await spawnWatched(reaper, '/bin/sh', ['-c', 'echo "$KEPT $NODE_EXTRA_CA_CERTS."'], { env });
  expect(await firstLine(child)).toBe('yes .');
  await expect(spawnWatched(reaper, '/does/not/exist', [])).rejects.toThrow('ENOENT');
  await reaper.close();
});
