import { AppError } from '@miaobu/shared/kernel/app-error';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { readId } from '@miaobu/shared/kernel/ids';
import type { AttemptKey, BuildAttempt } from '@miaobu/shared/model/build/build-attempt-repository';
import type { Store } from '@miaobu/shared/model/repositories';

/** A runner's identity as claimed by the request's path and `Authorization` header. */
export interface RunnerClaim {
  readonly deployment: string;
  readonly attempt: string;
  readonly authorization: string | undefined;
}

export interface Runner extends AttemptKey {
  readonly buildAttempt: BuildAttempt;
}

/**
 * Checks that a token belongs to exactly this attempt. Wrong, foreign and expired tokens are all 401. Whether the attempt is still
 * current is for the caller to check: a late report is answered, not refused.
 */
export const authenticateRunner =
  (deps: { readonly store: Pick<Store, 'attempts'> }) =>
  async (kind: 'report' | 'publish', claim: RunnerClaim): Promise<Runner> => {
    const [, token] = /^Bearer (mb_(?:cb|pub)_[0-9A-Za-z]{40})$/.exec(claim.authorization ?? '') ?? [];
    const deploymentId = readId('deployment', claim.deployment);
    const attempt = /^[1-9]\d{0,5}$/.test(claim.attempt) ? Number(claim.attempt) : undefined;
    if (token === undefined || deploymentId === undefined || attempt === undefined) throw new AppError('unauthorized');
    const found = await deps.store.attempts.findByToken(kind, sha256(token));
    if (!found || found.deploymentId !== deploymentId || found.attempt !== attempt || found.tokensExpired) {
      throw new AppError('unauthorized');
    }
    return { deploymentId, attempt, buildAttempt: found };
  };
export type AuthenticateRunner = ReturnType<typeof authenticateRunner>;
