import { REFRESH_COOKIE } from '@miaobu/shared/contracts/auth';
import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { hostCookie } from '@miaobu/shared/kernel/host-cookie';
import { showId } from '@miaobu/shared/kernel/ids';
import { ACCESS_TOKEN_SECONDS, type AccessTokens } from '@miaobu/shared/model/account/access-tokens';
import type { RefreshToken, RefreshTokens } from '@miaobu/shared/model/account/refresh-tokens';
import { SESSION_DAYS } from '@miaobu/shared/model/account/session-repository';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { assertOwnOrigin } from './own-origin.ts';

export interface Deps {
  readonly store: Pick<Store, 'transaction'>;
  readonly refreshTokens: RefreshTokens;
  readonly accessTokens: AccessTokens;
  readonly ownOrigins: readonly string[];
}

/**
 * Continues the session in the cookie: an access token in the response, the next refresh token in the cookie. If a refresh token is
 * presented that was used a while ago, one of its two holders stole it, and the session ends.
 */
export const refreshSession =
  (deps: Deps): Operation<'refreshSession'> =>
  async ({ headers, cookies }, _actor, context) => {
    assertOwnOrigin(headers.origin, deps.ownOrigins);
    const shown = deps.refreshTokens.read(cookies[REFRESH_COOKIE] ?? '');
    if (!shown) throw new AppError('unauthorized');
    const successor = deps.refreshTokens.successorOf(shown.token);
    const session = await deps.store.transaction((repositories) => rotate(repositories, shown, successor, context));
    if (!session) throw new AppError('unauthorized');
    const token = await deps.accessTokens.issue({
      userId: showId('user', session.userId),
      sessionId: showId('session', session.sessionId),
    });
    return {
      data: { access_token: token, token_type: 'Bearer', expires_in: ACCESS_TOKEN_SECONDS },
      cookies: [hostCookie(REFRESH_COOKIE, successor.token, SESSION_DAYS * 24 * 60 * 60)],
    };
  };

/** Undefined when the session is not live. */
async function rotate(
  { sessions, auditLog }: Repositories,
  shown: RefreshToken,
  successor: RefreshToken,
  { requestId, address, log }: Context,
): Promise<{ readonly userId: string; readonly sessionId: string } | undefined> {
  const found = await sessions.lockByRefreshToken(shown.sha256);
  if (!found?.isLive) return undefined;
  const { sessionId, userId } = found;
  switch (found.state) {
    case 'unused':
      await sessions.rotate(sessionId, shown.sha256, successor.sha256);
      return { sessionId, userId };
    case 'just_used':
      // Concurrent tabs, or a lost response: the same successor again.
      return { sessionId, userId };
    case 'used':
      await sessions.end(userId, sessionId, 'token_reused');
      await auditLog.append({
        actor: 'api',
        action: 'session.token_reused',
        subject: showId('session', sessionId),
        details: { user_id: showId('user', userId) },
        requestId,
        address,
      });
      log.warn('a refresh token was used again: its session has ended', { sessionId: showId('session', sessionId) });
      return undefined;
  }
}
