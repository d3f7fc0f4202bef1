import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { presentApiToken } from './present-api-token.ts';

/** The caller's token; null for a session. */
export const getCurrentToken =
  (deps: { readonly store: Pick<Store, 'apiTokens'> }): Operation<'getCurrentToken'> =>
  async (_request, { user, credential }) => {
    if (credential.kind === 'session') return { data: null };
    const token = await deps.store.apiTokens.find(user.id, credential.tokenId);
    // Revoked after it was authenticated.
    if (!token) throw new AppError('unauthorized');
    return { data: presentApiToken(token) };
  };
