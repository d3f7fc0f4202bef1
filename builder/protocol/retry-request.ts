import { setTimeout as delay } from 'node:timers/promises';
import { Unavailable } from './http-request.ts';

/** The protocol asks for at least 60 seconds of trying. */
const RETRY_FOR_MS = 75_000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
/** The longest wait a server may ask for: one that asks for more is not waited for. */
const LONGEST_ASKED_MS = 60_000;

export interface RetryOptions {
  readonly signal?: AbortSignal | undefined;
  readonly forMs?: number;
}

export interface RetryClock {
  now(): number;
  wait(ms: number, signal: AbortSignal | undefined): Promise<void>;
}

const systemClock: RetryClock = {
  now: Date.now,
  wait: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
};

/**
 * Retries, at growing intervals, while the other side is `Unavailable`, and not before the time it asks for. Any other error ends
 * it at once.
 */
export async function retryRequest<T>(
  attempt: () => Promise<T>,
  { signal, forMs = RETRY_FOR_MS }: RetryOptions = {},
  clock: RetryClock = systemClock,
): Promise<T> {
  const end = clock.now() + forMs;
  for (let tries = 0; ; tries++) {
    let askedMs = 0;
    try {
      return await attempt();
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (!(error instanceof Unavailable) || clock.now() >= end) throw error;
      askedMs = Math.min(error.retryAfterMs, LONGEST_ASKED_MS);
    }
    const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** tries);
    const pause = Math.max(askedMs, longest * (0.5 + Math.random() / 2));
    await clock.wait(pause, signal).catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : error;
    });
  }
}
