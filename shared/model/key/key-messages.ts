import { outboxMessage } from '../outbox/outbox-message.ts';
import { ACTIVE_SECONDS } from './create-sealer.ts';

/** Key maintenance is serialized. */
const LANE = 'keys';

/** From then on nobody seals with a retired key: every instance has fetched the new one, and what was sealed is committed. */
export const SETTLED_SECONDS = 2 * ACTIVE_SECONDS;

/** Values sealed with the root key itself. */
export const FIRST_VERSION = 'v1';

/** Requests maintenance of the key ring. */
export const rewrapMessage = (requestId: string, delaySeconds = 0) =>
  outboxMessage('keys.rewrap', {}, { lane: LANE, requestId, delaySeconds });

/** The progress of a walk through one key's values. */
export interface ResealProgress {
  /** A retired data key, or `FIRST_VERSION`. */
  readonly from: string;
  readonly column?: string;
  readonly after?: string;
  /** How many values were found so far. */
  readonly found?: number;
}

/** Requests resealing of everything under a key. */
export const resealMessage = (progress: ResealProgress, requestId: string, delaySeconds = 0) =>
  outboxMessage('keys.reseal', progress, { lane: LANE, key: progress.from, requestId, delaySeconds });
