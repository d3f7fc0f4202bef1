import { base62 } from '../../kernel/base62.ts';
import { hmacSha256 } from '../../kernel/hmac.ts';
import { deriveKey } from '../../kernel/seal.ts';

/** Seconds in which a run may begin. */
export const TICKET_SECONDS = 60 * 60;
/** Seconds in which the same redeemer may redeem again, because the answer was lost. */
export const REDEEM_AGAIN_SECONDS = 120;
/** Seconds an attempt's tokens live. */
export const ATTEMPT_SECONDS = 60 * 60;
/** Seconds a presigned upload URL lives. */
export const UPLOAD_SECONDS = 15 * 60;

interface Attempt {
  readonly deploymentId: string;
  readonly attempt: number;
  readonly nonce: Buffer;
}

/**
 * Tokens of one build attempt, all derived from the root key and the attempt's random nonce: nothing usable is stored,
 * and a repeated request gets the same answer. 40 base62 digits of an HMAC-SHA256 each.
 */
export function buildTokens(rootKey: string) {
  const key = deriveKey(rootKey, 'build-tokens');
  const token = (prefix: string, purpose: string, { deploymentId, attempt, nonce }: Attempt) =>
    `${prefix}${base62(hmacSha256(key, `v1|${purpose}|${deploymentId}|${attempt}|${nonce.toString('hex')}`), 40)}`;
  return {
    /** Starts the run; redeemed once. */
    ticket: (attempt: Attempt) => token('mb_tkt_', 'ticket', attempt),
    /** Logs and status. Bound to the redeemer: another run cannot derive it even with the ticket. */
    report: (attempt: Attempt, redeemer: string) => token('mb_cb_', `report|${redeemer}`, attempt),
    /** Uploads, once the user's processes are gone. */
    publish: (attempt: Attempt, redeemer: string) => token('mb_pub_', `publish|${redeemer}`, attempt),
  };
}
export type BuildTokens = ReturnType<typeof buildTokens>;
