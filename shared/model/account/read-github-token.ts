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
  /** Undefined where no application is configured: what ends is over then. */
  readonly login?: Pick<CodeHostLogin, 'refresh'> | undefined;
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

/**
 * A user's token for the code host, which counts for some minutes at least. Throws `code_host_unauthorized` when the user has to sign in
 * (again), and `code_host_unavailable` or another error of `CodeHostLogin` when the next token cannot be got just now.
 */
export type ReadGithubToken = (userId: string) => Promise<string>;

/** How long whoever needs a token that another is getting waits for it, and how often it is looked for. */
const PATIENCE_MS = 10_000;
const LOOK_AGAIN_MS = 200;
/** How often it is tried to store what GitHub gave. */
const STORE_TRIES = 5;

/**
 * The one reader of users' GitHub tokens. A token that ends within five minutes is replaced by the next first, by one of all who need it:
 * GitHub takes a refresh token once and lets the token of before count no more. GitHub is asked outside of any transaction. Between its
 * answer and the one statement that stores it, a crash loses the new tokens while the old are void: the user has to sign in again. So
 * whatever can be done before is done before, and the statement is repeated while the database does not answer.
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

/** Undefined when something else was stored meanwhile: by a new sign-in, or by who began before and was late. */
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
    // What was refused once is not asked again; a token whose refresh token is void is void too.
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
