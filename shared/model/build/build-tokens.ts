import { base62 } from '../../kernel/base62.ts';
import { equalBytes, hmacSha256, sha256 } from '../../kernel/hmac.ts';
import { deriveKey } from '../../kernel/seal.ts';
import type { RootKeys } from '../key/root-keys.ts';

/** Seconds within which a run must start, since it was requested or its provider last said that it waits for a machine. */
export const TICKET_SECONDS = 60 * 60;
/** Seconds within which the same redeemer may redeem again, in case the answer was lost. */
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
 * Tokens of one build attempt, all derived from the root key and the attempt's random nonce: nothing usable is stored, and a repeated
 * request gets the same answer. Each is 40 base62 digits of an HMAC-SHA256.
 */
export function buildTokens({ current, previous }: RootKeys) {
  const keyOf = (rootKey: string) => deriveKey(rootKey, 'build-tokens');
  const key = keyOf(current);
  const token = (prefix: string, purpose: string, { deploymentId, attempt, nonce }: Attempt, signedWith = key) =>
    `${prefix}${base62(hmacSha256(signedWith, `v1|${purpose}|${deploymentId}|${attempt}|${nonce.toString('hex')}`), 40)}`;
  const ticket = (attempt: Attempt, signedWith = key) => token('mb_tkt_', 'ticket', attempt, signedWith);
  const accepted = previous === undefined ? [key] : [key, keyOf(previous)];
  return {
    /** Starts the run; redeemed once. */
    ticket: (attempt: Attempt) => ticket(attempt),
    /** Whether it is the attempt's ticket, including one issued with the previous root key. */
    isTicket: (attempt: Attempt, shown: string) =>
      accepted.some((each) => equalBytes(sha256(ticket(attempt, each)), sha256(shown))),
    /** For logs and status. Bound to the redeemer: another run cannot derive it even with the ticket. */
    report: (attempt: Attempt, redeemer: string) => token('mb_cb_', `report|${redeemer}`, attempt),
    /** For uploads, once the user's processes are gone. */
    publish: (attempt: Attempt, redeemer: string) => token('mb_pub_', `publish|${redeemer}`, attempt),
    /** For an environment's build cache; a new root key starts an empty cache. */
    cacheKey: (environmentId: string) => base62(hmacSha256(key, `v1|package-cache|${environmentId}`), 40),
  };
}
export type BuildTokens = ReturnType<typeof buildTokens>;
