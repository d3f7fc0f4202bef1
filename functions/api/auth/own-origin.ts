import { AppError } from '@miaobu/shared/kernel/app-error';

/**
 * Throws unless the request comes from one of our pages. Browsers send the page's origin with every request that changes something, and
 * pages cannot forge it; cookies are sent whoever asks.
 */
export function assertOwnOrigin(origin: string | undefined, ownOrigins: readonly string[]): void {
  if (origin !== undefined && ownOrigins.includes(origin)) return;
  throw new AppError('forbidden', { details: { needs: 'the Origin of one of our own pages' } });
}
