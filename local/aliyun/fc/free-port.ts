import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below the ephemeral ports (Linux from 32768, macOS from 49152): a process that asks for "any port"
// between our check and the function's start cannot be given this one.
const LOWEST = 18_000;
const HIGHEST = 32_000;
// Counting up from a random start, so that two instances that start together never get the same one.
let next = randomInt(LOWEST, HIGHEST);

/** A TCP port nobody listens on. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = next;
    next = next + 1 === HIGHEST ? LOWEST : next + 1;
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST}`);
}

const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)));
  });
