import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import type { Store } from '@miaobu/shared/model/repositories';

/** Wrong tickets per address and per deployment: this many at once, and one more every three seconds. */
const GUESSES = { capacity: 20, perSecond: 1 / 3, ofUser: false };

/**
 * Call after a wrong ticket: throws `rate_limited` when there were too many. The right one is never delayed: a stranger's guesses cannot
 * make a build fail, and 238 random bits cannot be guessed.
 */
export async function limitGuesses(
  { store }: { readonly store: Pick<Store, 'rateLimits'> },
  deploymentId: string | undefined,
  { address }: Pick<Context, 'address'>,
): Promise<void> {
  const buckets = [`wrong-ticket-from:${address ?? 'unknown'}`];
  if (deploymentId !== undefined) buckets.push(`wrong-ticket-of:${deploymentId}`);
  const taken = await store.rateLimits.take(buckets.map((name) => ({ name, ...GUESSES })));
  const refused = taken.filter(({ granted }) => !granted);
  if (refused.length === 0) return;
  const seconds = Math.max(...refused.map(({ tokens }) => Math.ceil((1 - tokens) / GUESSES.perSecond)));
  throw new AppError('rate_limited', { details: { retryAfterSeconds: Math.max(1, seconds) } });
}
