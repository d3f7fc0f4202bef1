import { setTimeout as wait } from 'node:timers/promises';

/** Resolves after `milliseconds`, or as soon as the signal fires. Never rejects. */
export const sleep = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
  wait(milliseconds, undefined, signal && { signal }).catch(() => undefined);
