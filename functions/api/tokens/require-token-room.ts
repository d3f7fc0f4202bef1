import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Repositories } from '@miaobu/shared/model/repositories';

/** Far more than anybody can keep track of. */
export const MAX_TOKENS = 50;

/**
 * Throws `limit_reached` when the user already has the maximum number of tokens. The account is locked until the transaction ends, so
 * that concurrent requests are counted one after the other.
 */
export async function requireTokenRoom(
  { limits, apiTokens }: Pick<Repositories, 'limits' | 'apiTokens'>,
  userId: string,
): Promise<void> {
  await limits.lock(userId);
  if ((await apiTokens.count(userId)) >= MAX_TOKENS) {
    throw new AppError('limit_reached', { details: { limit: 'tokens', max: MAX_TOKENS } });
  }
}
