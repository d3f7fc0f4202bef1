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
 * Reports the state of a login to the polling program. The first poll after the approval gets the token, which is created at that moment
 * and so was never stored.
 */
export const redeemDeviceLogin =
  ({ store }: { readonly store: Pick<Store, 'transaction'> }): Operation<'redeemDeviceLogin'> =>
  async ({ body }, _actor, context) => {
    // Thrown after the commit, because the early poll has to be recorded.
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
  // Thrown to roll everything back: the approval remains valid until there is room.
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
