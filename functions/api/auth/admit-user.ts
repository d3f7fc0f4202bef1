import type { Context } from '@miaobu/shared/kernel/context';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Seal, Sealer } from '@miaobu/shared/kernel/seal';
import { githubRefreshTokenContext, githubTokenContext } from '@miaobu/shared/model/account/account-repository';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { CodeHostGrant, CodeHostLogin, CodeHostUser } from '@miaobu/shared/ports/code-host-login';

/** Why a sign-in is refused. */
export type Refusal = 'disabled' | 'not_invited';

export interface Deps {
  readonly store: Pick<Store, 'accounts' | 'signInRules' | 'transaction'>;
  readonly sealer: Sealer;
  readonly login: Pick<CodeHostLogin, 'isMember'>;
}

interface Arrival {
  readonly githubUser: CodeHostUser;
  readonly grant: CodeHostGrant;
  /** Of the session's first refresh token. */
  readonly refreshTokenSha256: Buffer;
  readonly userAgent: string;
  readonly context: Context;
}

/**
 * Signs in a user identified by GitHub: users with an enabled account, users named by the rules, and the very first user, who becomes
 * administrator. Nobody else gets an account.
 */
export async function admitUser(
  deps: Deps,
  { githubUser, grant, refreshTokenSha256, userAgent, context }: Arrival,
): Promise<{ readonly sessionId: string } | { readonly refusal: Refusal }> {
  const known = await deps.store.accounts.findByGithubId(githubUser.id);
  // GitHub is asked outside the transaction, which should not wait.
  const isInvited = known !== undefined || (await rulesName(deps, githubUser, grant));
  const seal = await deps.sealer.sealing();
  return deps.store.transaction(async (repositories) => {
    const { accounts, sessions, auditLog } = repositories;
    const isFirst = known === undefined && (await accounts.lockIfEmpty());
    if (!isInvited && !isFirst) return { refusal: 'not_invited' };
    const user = await accounts.upsertUser({ githubId: githubUser.id, githubLogin: githubUser.login });
    // Read after the write, which has locked the account: disabling it from here on also ends this session.
    if ((await accounts.find(user.id))?.disabledAt) return { refusal: 'disabled' };
    if (isFirst) await accounts.makeAdmin(user.id);
    await storeGrant(repositories, seal, user.id, grant);
    const sessionId = await sessions.insert({ userId: user.id, userAgent, address: context.address ?? '' });
    await sessions.insertRefreshToken(sessionId, refreshTokenSha256);
    await auditLog.append({
      actor: showId('user', user.id),
      action: 'session.started',
      subject: showId('session', sessionId),
      details: { github_login: githubUser.login, user_agent: userAgent, ...(isFirst && { first_user: true }) },
      requestId: context.requestId,
      address: context.address,
    });
    return { sessionId };
  });
}

async function rulesName(deps: Deps, { login }: CodeHostUser, { token }: CodeHostGrant): Promise<boolean> {
  const { users, organisations } = await deps.store.signInRules.find();
  if (users.includes(login.toLowerCase())) return true;
  for (const organisation of organisations) if (await deps.login.isMember(token, organisation)) return true;
  return false;
}

async function storeGrant({ accounts }: Repositories, seal: Seal, userId: string, grant: CodeHostGrant) {
  const { token, expiresAt, refreshToken } = grant;
  await accounts.storeGithubToken(userId, seal(token, githubTokenContext(userId)), {
    expiresAt,
    refreshTokenSealed: refreshToken === undefined ? undefined : seal(refreshToken, githubRefreshTokenContext(userId)),
  });
}
