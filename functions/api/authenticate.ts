import { apiTokenHash } from '@miaobu/shared/kernel/api-token';
import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Actor } from './operation.ts';

/** `Authorization: Bearer mb_live_…` → who asks. A token with a wrong checksum costs no query. */
export const authenticate =
  (deps: { readonly store: Pick<Store, 'accounts'> }) =>
  async (authorization: string | undefined): Promise<Actor> => {
    const [, token] = /^Bearer\s+(\S+)$/i.exec(authorization ?? '') ?? [];
    const hash = token === undefined ? undefined : apiTokenHash(token);
    const found = hash && (await deps.store.accounts.findByApiToken(hash));
    if (!found) throw new AppError('unauthorized');
    const { tokenId, scopes, projectIds, ...user } = found;
    return { user, credential: { kind: 'token', tokenId, scopes, projectIds } };
  };
