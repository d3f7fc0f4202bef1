import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 50;
/** A lost ring of the doorbell costs a minute, until the timer; and a busy machine builds slowly. */
const PATIENCE_MS = 150_000;

/** Polls until the answer is there; fails with the last value seen if it does not come. */
export async function eventually<T>(
  ask: () => Promise<T | undefined>,
  what: string,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  let last: unknown;
  for (const end = Date.now() + patienceMs; Date.now() < end; await delay(POLL_MS)) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`${what}: not after ${patienceMs / 1000} s`, { cause: last });
}
