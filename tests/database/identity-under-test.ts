import { randomBytes } from 'node:crypto';
import { joseTokenSigner } from '@miaobu/shared/adapters/jose/jose-token-signer';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import { accessTokens } from '@miaobu/shared/model/account/access-tokens';
import { refreshTokens } from '@miaobu/shared/model/account/refresh-tokens';
import type { Store } from '@miaobu/shared/model/repositories';
import type { CodeHostLogin } from '@miaobu/shared/ports/code-host-login';

/** A code host where the code that `authorizeUrl` would lead to is the user's login; nobody is in an organisation. */
function memoryCodeHostLogin(): CodeHostLogin {
  const tokenOf = (login: string) => `github-${login}`;
  return {
    authorizeUrl: ({ state }) => `https://github.example/authorize?${new URLSearchParams({ state })}`,
    exchangeCode: async ({ code }) => ({ token: tokenOf(code) }),
    getUser: async (token) => {
      const login = token.replace(/^github-/, '');
      return { id: Buffer.from(login).readUIntBE(0, Math.min(6, login.length)), login };
    },
    isMember: async () => false,
    refresh: async () => undefined,
    revoke: async () => {},
  };
}

export interface IdentityOptions {
  /** The code host people sign in at; by default one in memory. */
  readonly login?: CodeHostLogin;
  /** The clock by which access tokens are issued and checked. */
  readonly now?: () => Date;
}

/** What `api` signs people in with, as its handler assembles it. */
export function identityUnderTest(
  { store, sealer }: { readonly store: Store; readonly sealer: Sealer },
  controlOrigin: string,
  { login = memoryCodeHostLogin(), now = () => new Date() }: IdentityOptions = {},
) {
  return {
    login,
    accessTokens: accessTokens({ store, sealer, signer: joseTokenSigner(), controlOrigin, now }),
    refreshTokens: refreshTokens(randomBytes(32).toString('base64url')),
    controlOrigin,
  };
}
