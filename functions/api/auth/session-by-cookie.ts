import type { RefreshTokens } from '@miaobu/shared/model/account/refresh-tokens';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Actor } from '../operation.ts';

export interface Deps {
  readonly store: Pick<Store, 'sessions'>;
  readonly refreshTokens: RefreshTokens;
}

/** Whose session the cookie of a page of ours is, for pages that are asked for without a script. It is neither used up nor renewed by that. */
export const sessionByCookie =
  ({ store, refreshTokens }: Deps) =>
  async (cookie: string | undefined): Promise<Actor | undefined> => {
    const token = refreshTokens.read(cookie ?? '');
    const found = token && (await store.sessions.findByRefreshToken(token.sha256));
    if (!found?.isLive || found.state === 'used') return undefined;
    const user = await store.sessions.findUser(found.sessionId);
    return user && { user, credential: { kind: 'session', sessionId: found.sessionId } };
  };
