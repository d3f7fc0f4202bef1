import { setTimeout as delay } from 'node:timers/promises';
import { Unavailable } from './http-request.ts';

/** The protocol asks for at least 60 seconds of trying. */
const RETRY_FOR_MS = 75_000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;

export interface RetryOptions {
  readonly signal?: AbortSignal | undefined;
  readonly forMs?: number;
}

/** Tries again, ever more slowly, while the other side is `Unavailable`. Any other error ends it at once. */
export async function retryRequest<T>(attempt: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { signal, forMs = RETRY_FOR_MS } = options;
  const end = Date.now() + forMs;
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (!(error instanceof Unavailable) || Date.now() >= end) throw error;
    }
    const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** tries);
    await delay(longest * (0.5 + Math.random() / 2), undefined, signal ? { signal } : {}).catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : error;
    });
  }
}
