import { apiTokenHash } from '@miaobu/shared/kernel/api-token';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';

/**
 * Revokes a token for its holder: a program that signs out, or somebody who found a leaked token. The response does not reveal whether it
 * was valid (RFC 7009 §2.2).
 */
export const revokeHeldToken =
  (deps: { readonly store: Pick<Store, 'transaction'> }): Operation<'revokeHeldToken'> =>
  async ({ body }, _actor, { requestId, address }) => {
    const hash = apiTokenHash(body.token);
    if (hash === undefined) return { data: undefined };
    await deps.store.transaction(async ({ apiTokens, auditLog }) => {
      const revoked = await apiTokens.revokeHeld(hash);
      if (!revoked) return;
      await auditLog.append({
        actor: showId('user', revoked.userId),
        action: 'token.revoked',
        subject: showId('apiToken', revoked.id),
        details: { by: 'its holder' },
        requestId,
        address,
      });
    });
    return { data: undefined };
  };
