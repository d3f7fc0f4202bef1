import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Repositories } from '@miaobu/shared/model/repositories';

/** Far more than anybody keeps in view. */
export const MAX_TOKENS = 50;

/**
 * Throws `limit_reached` when the user has as many tokens as an account may have. The account is locked until the transaction ends: two
 * tokens that are asked for at once are counted one after the other.
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
