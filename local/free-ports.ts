import { createServer } from 'node:net';
import { StartError } from './start-error.ts';

const TRIES = 50;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

function anyPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/**
 * The port itself if it and the next one are free; for 0 the `last` one if that is free, or any such pair. Throws
 * `StartError` naming the busy one.
 */
export async function freePortPair(port: number, last = 0): Promise<number> {
  if (port !== 0) {
    for (const needed of [port, port + 1]) {
      if (!(await isFree(needed))) {
        throw new StartError(`port ${needed} is in use; stop what uses it, or set MIAOBU_PORT to another`);
      }
    }
    return port;
  }
  if (last !== 0 && (await isFree(last)) && (await isFree(last + 1))) return last;
  for (let i = 0; i < TRIES; i++) {
    const candidate = await anyPort();
    if (candidate < 65_535 && (await isFree(candidate + 1))) return candidate;
  }
  throw new StartError('found no two free ports in a row');
}
