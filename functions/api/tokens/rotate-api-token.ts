import { mintApiToken } from '@miaobu/shared/kernel/api-token';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { presentApiToken } from './present-api-token.ts';

/**
 * A new secret for the same token. As when regenerating a token at GitHub, the old secret becomes invalid at once: rotating a leaked
 * token must not require an extra step. To exchange it in a running system, request an overlap.
 */
export const rotateApiToken =
  (deps: { readonly store: Pick<Store, 'transaction'> }): Operation<'rotateApiToken'> =>
  async ({ params, body }, { user }, { requestId, address }) => {
    const id = readId('apiToken', params.token);
    if (id === undefined) throw new AppError('not_found');
    const minted = mintApiToken();
    const token = await deps.store.transaction(async (repositories) => {
      const found = await repositories.apiTokens.find(user.id, id);
      if (!found) throw new AppError('not_found');
      if (!found.counts)
        throw new AppError('conflict', { details: { problem: 'the token has expired; create a new one' } });
      const replaced = await repositories.apiTokens.replaceSecret(id, minted, body.overlap_seconds);
      await repositories.auditLog.append({
        actor: showId('user', user.id),
        action: 'token.rotated',
        subject: params.token,
        details: { name: found.name, from: found.prefix, to: replaced.prefix, overlap_seconds: body.overlap_seconds },
        requestId,
        address,
      });
      return replaced;
    });
    return { data: { ...presentApiToken(token), token: minted.token } };
  };
