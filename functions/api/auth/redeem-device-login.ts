import { mintApiToken } from '@miaobu/shared/kernel/api-token';
import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { Answer, Operation } from '../operation.ts';
import { requireTokenRoom } from '../tokens/require-token-room.ts';

type Redeemed = Answer<'redeemDeviceLogin'>['data'];

/**
 * Tells a program how its login stands. The first that asks after the approval is given the token, made at that moment, so that
 * it was never stored.
 */
export const redeemDeviceLogin =
  ({ store }: { readonly store: Pick<Store, 'transaction'> }): Operation<'redeemDeviceLogin'> =>
  async ({ body }, _actor, context) => {
    // The error comes after the commit: that somebody asked too soon has to be remembered.
    const result = await store.transaction((repositories) => redeem(repositories, body.device_code, context));
    if (result instanceof AppError) throw result;
    return { data: result };
  };

async function redeem(
  repositories: Repositories,
  deviceCode: string,
  { requestId, address }: Context,
): Promise<Redeemed | AppError> {
  const { deviceLogins, accounts, apiTokens, auditLog } = repositories;
  const login = await deviceLogins.poll(sha256(deviceCode));
  if (!login || login.state === 'over') return new AppError('expired_token');
  if (login.state === 'denied') return new AppError('access_denied');
  const { id, userId, scopes, clientName, intervalSeconds } = login;
  if (userId === null) {
    const details = { interval: intervalSeconds };
    return new AppError(login.askedTooSoon ? 'slow_down' : 'authorization_pending', { details });
  }
  if ((await accounts.find(userId))?.disabledAt !== null) return new AppError('access_denied');
  // Thrown, so that nothing of this is kept: the approval stays good for when there is room.
  await requireTokenRoom(repositories, userId);
  await deviceLogins.markRedeemed(id);
  const minted = mintApiToken();
  const token = await apiTokens.insert({ userId, name: clientName, scopes, projectIds: null, expiresAt: null }, minted);
  await auditLog.append({
    actor: showId('user', userId),
    action: 'token.created',
    subject: showId('apiToken', token.id),
    details: { name: clientName, prefix: token.prefix, scopes, by: 'device login' },
    requestId,
    address,
  });
  return { token: minted.token, name: clientName, scopes: [...scopes] };
}
