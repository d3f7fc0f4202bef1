import { AppError } from '@miaobu/shared/kernel/app-error';

/**
 * Throws unless a page of ours asks. Browsers say on every request that changes something which page it comes from, and no page can
 * say otherwise; a cookie comes along whoever asks.
 */
export function assertOwnOrigin(origin: string | undefined, ownOrigins: readonly string[]): void {
  if (origin !== undefined && ownOrigins.includes(origin)) return;
  throw new AppError('forbidden', { details: { needs: 'the Origin of one of our own pages' } });
}
