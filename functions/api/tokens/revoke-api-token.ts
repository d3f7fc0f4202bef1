import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';

/** Revokes a token, including its secret from before the last rotation. */
export const revokeApiToken =
  (deps: { readonly store: Pick<Store, 'transaction'> }): Operation<'revokeApiToken'> =>
  async ({ params }, { user }, { requestId, address }) => {
    const id = readId('apiToken', params.token);
    const revoked = await deps.store.transaction(async (repositories) => {
      if (id === undefined || !(await repositories.apiTokens.revoke(user.id, id))) return false;
      await repositories.auditLog.append({
        actor: showId('user', user.id),
        action: 'token.revoked',
        subject: params.token,
        requestId,
        address,
      });
      return true;
    });
    if (!revoked) throw new AppError('not_found');
    return { data: undefined };
  };
