import { randomUUID } from 'node:crypto';
import type { Log } from './logger.ts';

/** What accompanies every call of a use case. */
export interface Context {
  /** One id from the webhook to the edge. */
  readonly requestId: string;
  readonly log: Log;
  /** Fires when the caller is gone or the function's time is nearly up. */
  readonly signal: AbortSignal;
}

const REQUEST_ID = /^[\w=:.-]{1,128}$/;

/** The first acceptable id; a caller's own id is taken only when it cannot break a log line. */
export function requestIdFrom(...candidates: readonly (string | null | undefined)[]): string {
  return candidates.find((candidate) => candidate && REQUEST_ID.test(candidate)) ?? randomUUID();
}
