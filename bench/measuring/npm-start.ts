import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { endWithBench } from './end-with-bench.ts';

const checkout = path.resolve(import.meta.dirname, '..', '..');

export interface NpmStart {
  /** From calling npm to its line that says ready. */
  readonly readySeconds: number;
  /** As Ctrl-C does; resolves when everything has ended. */
  stop(): Promise<void>;
}

const isReady = (line: string) => line.startsWith('{') && (JSON.parse(line) as { ready?: unknown }).ready === true;

/** `npm start -- --json`, as a person runs it: with npm, and with what npm does before. */
export async function startWithNpm(home: string): Promise<NpmStart> {
  const began = performance.now();
  const child = spawn('npm', ['start', '--', '--json'], {
    cwd: checkout,
    env: { ...process.env, MIAOBU_HOME: home, MIAOBU_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, for Ctrl-C reaches a whole group.
    detached: true,
  });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors += data;
  });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = endWithBench(async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT');
    await exited;
  });
  const ready = new Promise<number>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      if (isReady(line)) resolve((performance.now() - began) / 1000);
    });
  });
  const failed = exited.then(() => Promise.reject(new Error(`npm start ended before it was ready\n${errors}`)));
  failed.catch(() => {});
  return { readySeconds: await Promise.race([ready, failed]), stop };
}
