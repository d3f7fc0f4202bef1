import { apiTokenHash } from '@miaobu/shared/kernel/api-token';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import type { AccessTokens } from '@miaobu/shared/model/account/access-tokens';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Actor } from './operation.ts';

export interface Deps {
  readonly store: Pick<Store, 'accounts' | 'sessions'>;
  readonly accessTokens: Pick<AccessTokens, 'verify'>;
}

/**
 * `Authorization: Bearer` with an access token or an API token (`mb_live_…`) → the caller. One query, which also checks that the
 * credential is still valid; none for a token with a wrong checksum or signature.
 */
export const authenticate =
  (deps: Deps) =>
  async (authorization: string | undefined): Promise<Actor> => {
    const [, token] = /^Bearer\s+(\S+)$/i.exec(authorization ?? '') ?? [];
    if (token === undefined) throw new AppError('unauthorized');
    const actor = token.includes('.') ? await bySession(deps, token) : await byApiToken(deps, token);
    if (!actor) throw new AppError('unauthorized');
    return actor;
  };

async function bySession({ store, accessTokens }: Deps, token: string): Promise<Actor | undefined> {
  const claims = await accessTokens.verify(token);
  const sessionId = claims && readId('session', claims.sessionId);
  const user = sessionId && (await store.sessions.findUser(sessionId));
  if (!user || showId('user', user.id) !== claims.userId) return undefined;
  return { user, credential: { kind: 'session', sessionId } };
}

async function byApiToken({ store }: Deps, token: string): Promise<Actor | undefined> {
  const hash = apiTokenHash(token);
  const found = hash && (await store.accounts.findByApiToken(hash));
  if (!found) return undefined;
  const { tokenId, scopes, projectIds, ...user } = found;
  return { user, credential: { kind: 'token', tokenId, scopes, projectIds } };
}
