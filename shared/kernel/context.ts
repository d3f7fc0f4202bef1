import type { Log } from './log.ts';

/** Passed to every use case. */
export interface Context {
  /** One id from the webhook to the edge. */
  readonly requestId: string;
  readonly log: Log;
  /** Fires when the caller has disconnected or the function's time is nearly up. */
  readonly signal: AbortSignal;
  /** The caller's address, as Function Compute reported it; absent without a caller or a report. */
  readonly address?: string;
}
