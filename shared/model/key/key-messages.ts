import { outboxMessage } from '../outbox/outbox-message.ts';
import { ACTIVE_SECONDS } from './create-sealer.ts';

/** Work on keys is done one message after the other. */
const LANE = 'keys';

/** From then on nobody seals with a key any more that was retired: every instance has asked for the new one, and what was sealed is committed. */
export const SETTLED_SECONDS = 2 * ACTIVE_SECONDS;

/** What was sealed with the root key itself. */
export const FIRST_VERSION = 'v1';

/** Asks for the key ring to be brought in order. */
export const rewrapMessage = (requestId: string, delaySeconds = 0) =>
  outboxMessage('keys.rewrap', {}, { lane: LANE, requestId, delaySeconds });

/** How far a walk through the values of one key is. */
export interface ResealProgress {
  /** A retired data key, or `FIRST_VERSION`. */
  readonly from: string;
  readonly column?: string;
  readonly after?: string;
  /** How many values it has found. */
  readonly found?: number;
}

/** Asks for everything under a key to be sealed anew. */
export const resealMessage = (progress: ResealProgress, requestId: string, delaySeconds = 0) =>
  outboxMessage('keys.reseal', progress, { lane: LANE, key: progress.from, requestId, delaySeconds });
