import { LOGIN_COOKIE } from '@miaobu/shared/contracts/auth';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { hostCookie } from '@miaobu/shared/kernel/host-cookie';
import { randomToken } from '@miaobu/shared/kernel/ids';
import { ownPath } from '@miaobu/shared/kernel/own-path';
import { pkceChallenge, pkceVerifier } from '@miaobu/shared/kernel/pkce';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import { LOGIN_MINUTES, verifierContext } from '@miaobu/shared/model/account/login-attempt-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import type { CodeHostLogin } from '@miaobu/shared/ports/code-host-login';
import type { Operation } from '../operation.ts';
import { loginCallbackUrl } from './login-callback-url.ts';

export interface Deps {
  readonly store: Pick<Store, 'loginAttempts'>;
  readonly sealer: Sealer;
  readonly login: Pick<CodeHostLogin, 'authorizeUrl'>;
  readonly controlOrigin: string;
}

const FORM = /^[A-Za-z0-9_-]{43}$/;

/**
 * Redirects the browser to GitHub. The response is accepted once, and only in this browser: the state is in the URL, and the hash of the
 * browser's cookie is stored with it.
 */
export const startGithubLogin =
  ({ store, sealer, login, controlOrigin }: Deps): Operation<'startGithubLogin'> =>
  async ({ query, cookies }) => {
    // An existing one is kept, so that two tabs signing in at once can both return.
    const known = cookies[LOGIN_COOKIE] ?? '';
    const browser = FORM.test(known) ? known : randomToken(32);
    const state = randomToken(32);
    const verifier = pkceVerifier();
    const stateSha256 = sha256(state);
    await store.loginAttempts.insert({
      stateSha256,
      browserSha256: sha256(browser),
      verifierSealed: await sealer.seal(verifier, { context: verifierContext(stateSha256) }),
      nextPath: ownPath(query.next, controlOrigin),
    });
    const redirectUri = loginCallbackUrl(controlOrigin);
    return {
      location: login.authorizeUrl({ redirectUri, state, challenge: pkceChallenge(verifier) }),
      cookies: [hostCookie(LOGIN_COOKIE, browser, LOGIN_MINUTES * 60)],
    };
  };
