import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../kernel/app-error.ts';
import type { Sealer } from '../../kernel/seal.ts';
import type { CodeHostGrant, CodeHostLogin } from '../../ports/code-host-login.ts';
import type { Store } from '../repositories.ts';
import {
  type EndingGrant,
  type GithubGrant,
  githubRefreshTokenContext,
  githubTokenContext,
} from './account-repository.ts';

export interface Deps {
  readonly store: Pick<Store, 'accounts'>;
  readonly sealer: Sealer;
  /** Undefined where no application is configured: expired tokens are then not refreshed. */
  readonly login?: Pick<CodeHostLogin, 'refresh'> | undefined;
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

/**
 * A user's token for the code host, valid for some minutes at least. Throws `code_host_unauthorized` when the user has to sign in
 * (again), and `code_host_unavailable` or another error of `CodeHostLogin` when the token cannot be refreshed at present.
 */
export type ReadGithubToken = (userId: string) => Promise<string>;

/** How long a caller waits for a refresh by another, and how often it checks. */
const PATIENCE_MS = 10_000;
const LOOK_AGAIN_MS = 200;
/** How often storing GitHub's answer is tried. */
const STORE_TRIES = 5;

/**
 * The only reader of users' GitHub tokens. A token that expires within five minutes is refreshed first, by one of all concurrent callers:
 * GitHub accepts a refresh token once and revokes the previous token. GitHub is called outside any transaction. A crash between its
 * answer and the one statement that stores it loses the new tokens while the old ones are void, and the user has to sign in again. So
 * everything possible is done before the call, and the statement is retried while the database is unavailable.
 */
export const readGithubToken =
  (deps: Deps): ReadGithubToken =>
  async (userId) => {
    const { accounts } = deps.store;
    const sleep = deps.sleep ?? wait;
    for (let waitedMs = 0; waitedMs <= PATIENCE_MS; waitedMs += LOOK_AGAIN_MS) {
      const grant = await accounts.findGithubGrant(userId);
      if (!grant) throw signInAgain('there is no GitHub token of this user');
      const ending = deps.login && grant.endsSoon ? endingOf(grant) : undefined;
      if (!ending) {
        if (grant.isOver) throw signInAgain('the GitHub token has ended, and nothing gets the next');
        return deps.sealer.open(grant.sealed, githubTokenContext(userId));
      }
      if (deps.login && (await accounts.claimGithubRenewal(userId, ending.expiresAt))) {
        const token = await renew({ ...deps, login: deps.login, sleep }, userId, ending);
        if (token !== undefined) return token;
      }
      await sleep(LOOK_AGAIN_MS);
    }
    throw new AppError('code_host_unavailable', { message: 'the next GitHub token of this user is not there yet' });
  };

const signInAgain = (message: string) => new AppError('code_host_unauthorized', { message });

const endingOf = ({ expiresAt, refreshTokenSealed }: GithubGrant): EndingGrant | undefined =>
  expiresAt && refreshTokenSealed !== null ? { expiresAt, refreshTokenSealed } : undefined;

/** Undefined when something else was stored meanwhile: by a new sign-in, or by an earlier caller that finished late. */
async function renew(
  deps: Deps & Required<Pick<Deps, 'sleep'>> & { readonly login: Pick<CodeHostLogin, 'refresh'> },
  userId: string,
  ending: EndingGrant,
): Promise<string | undefined> {
  const refreshToken = await deps.sealer.open(ending.refreshTokenSealed, githubRefreshTokenContext(userId));
  const seal = await deps.sealer.sealing();
  const next = await deps.login.refresh(refreshToken);
  const { accounts } = deps.store;
  if (!next) {
    // A refused refresh token is not tried again; the access token is void as well.
    if (await accounts.forgetGithubToken(userId, ending.expiresAt))
      throw signInAgain('GitHub refused the refresh token');
    return undefined;
  }
  return (await store(next)) ? next.token : undefined;

  async function store({ token, expiresAt, refreshToken }: CodeHostGrant): Promise<boolean> {
    const sealed = seal(token, githubTokenContext(userId));
    const refreshTokenSealed = refreshToken && seal(refreshToken, githubRefreshTokenContext(userId));
    for (let tries = 1; ; tries++) {
      try {
        return await accounts.replaceGithubToken(userId, ending.expiresAt, sealed, { expiresAt, refreshTokenSealed });
      } catch (error) {
        const isPassing = error instanceof AppError && error.code === 'database_unavailable';
        if (!isPassing || tries === STORE_TRIES) throw error;
        await deps.sleep(LOOK_AGAIN_MS * tries);
      }
    }
  }
}
