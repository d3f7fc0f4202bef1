import type { RefreshTokens } from '@miaobu/shared/model/account/refresh-tokens';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Actor } from '../operation.ts';

export interface Deps {
  readonly store: Pick<Store, 'sessions'>;
  readonly refreshTokens: RefreshTokens;
}

/** The session of one of our pages' cookie, for pages loaded without a script. It is neither used up nor extended. */
export const sessionByCookie =
  ({ store, refreshTokens }: Deps) =>
  async (cookie: string | undefined): Promise<Actor | undefined> => {
    const token = refreshTokens.read(cookie ?? '');
    const found = token && (await store.sessions.findByRefreshToken(token.sha256));
    if (!found?.isLive || found.state === 'used') return undefined;
    const user = await store.sessions.findUser(found.sessionId);
    return user && { user, credential: { kind: 'session', sessionId: found.sessionId } };
  };
