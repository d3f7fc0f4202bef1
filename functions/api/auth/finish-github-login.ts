import { LOGIN_COOKIE, REFRESH_COOKIE } from '@miaobu/shared/contracts/auth';
import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { describeError } from '@miaobu/shared/kernel/describe-error';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { hostCookie } from '@miaobu/shared/kernel/host-cookie';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import { type LoginAttempt, verifierContext } from '@miaobu/shared/model/account/login-attempt-repository';
import type { RefreshTokens } from '@miaobu/shared/model/account/refresh-tokens';
import { SESSION_DAYS } from '@miaobu/shared/model/account/session-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import type { CodeHostGrant, CodeHostLogin, CodeHostUser } from '@miaobu/shared/ports/code-host-login';
import type { Operation } from '../operation.ts';
import { admitUser, type Refusal } from './admit-user.ts';
import { loginCallbackUrl } from './login-callback-url.ts';

export interface Deps {
  readonly store: Pick<Store, 'accounts' | 'auditLog' | 'loginAttempts' | 'signInRules' | 'transaction'>;
  readonly sealer: Sealer;
  readonly login: Pick<CodeHostLogin, 'exchangeCode' | 'getUser' | 'isMember' | 'revoke'>;
  readonly refreshTokens: RefreshTokens;
  readonly controlOrigin: string;
}

/** Starts a session for the user returning from GitHub, if permitted. The browser learns of it only by cookies. */
export const finishGithubLogin =
  (deps: Deps): Operation<'finishGithubLogin'> =>
  async ({ query, cookies, headers }, _actor, context) => {
    const { stateSha256, attempt } = await takeAttempt(deps, query.state, cookies[LOGIN_COOKIE]);
    if (query.error === 'access_denied') throw refused('cancelled');
    if (query.code === undefined) throw new AppError('sign_in_expired');
    const grant = await deps.login.exchangeCode({
      code: query.code,
      redirectUri: loginCallbackUrl(deps.controlOrigin),
      verifier: await deps.sealer.open(attempt.verifierSealed, verifierContext(stateSha256)),
    });
    if (!grant) throw new AppError('sign_in_expired');
    const githubUser = await deps.login.getUser(grant.token);
    const first = deps.refreshTokens.first();
    const admitted = await admitUser(deps, {
      githubUser,
      grant,
      refreshTokenSha256: first.sha256,
      userAgent: (headers['user-agent'] ?? '').slice(0, 300),
      context,
    });
    if ('refusal' in admitted) {
      await turnAway(deps, githubUser, grant, admitted.refusal, context);
      throw refused(admitted.refusal);
    }
    return {
      location: attempt.nextPath,
      cookies: [hostCookie(REFRESH_COOKIE, first.token, SESSION_DAYS * 24 * 60 * 60)],
    };
  };

const refused = (reason: Refusal | 'cancelled') => new AppError('sign_in_refused', { details: { reason } });

async function takeAttempt(
  { store }: Pick<Deps, 'store'>,
  state: string | undefined,
  browser: string | undefined,
): Promise<{ stateSha256: Buffer; attempt: LoginAttempt }> {
  if (state === undefined || browser === undefined) throw new AppError('sign_in_expired');
  const stateSha256 = sha256(state);
  const attempt = await store.loginAttempts.take(stateSha256, sha256(browser));
  if (!attempt) throw new AppError('sign_in_expired');
  return { stateSha256, attempt };
}

/** Records the refused user, and revokes their token: there is no account to use it for. */
async function turnAway(
  { store, login }: Deps,
  { id, login: name }: CodeHostUser,
  grant: CodeHostGrant,
  reason: Refusal,
  { requestId, address, log }: Context,
): Promise<void> {
  await store.auditLog.append({
    actor: 'api',
    action: 'sign_in.refused',
    subject: `github:${name}`,
    details: { reason, github_id: id },
    requestId,
    address,
  });
  // Disabled users keep their stored token: their sites need it.
  if (reason === 'disabled') return;
  await login.revoke(grant.token).catch((error: unknown) => {
    log.warn('GitHub did not take a token back', describeError(error));
  });
}
