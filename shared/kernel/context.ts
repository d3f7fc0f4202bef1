import type { Log } from './log.ts';

/** What accompanies every call of a use case. */
export interface Context {
  /** One id from the webhook to the edge. */
  readonly requestId: string;
  readonly log: Log;
  /** Fires when the caller is gone or the function's time is nearly up. */
  readonly signal: AbortSignal;
  /** The address of whoever asks, as Function Compute saw it; absent where nobody asks, or it did not say. */
  readonly address?: string;
}
