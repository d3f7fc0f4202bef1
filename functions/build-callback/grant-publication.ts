import type { Publication } from '@miaobu/shared/contracts/build-job';
import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import type { BuildTokens } from '@miaobu/shared/model/build/build-tokens';
import type { Store } from '@miaobu/shared/model/repositories';
import type { AuthenticateRunner, RunnerClaim } from './authenticate-runner.ts';

export interface Deps {
  readonly authenticateRunner: AuthenticateRunner;
  readonly store: Pick<Store, 'transaction'>;
  readonly tokens: BuildTokens;
}

/**
 * Grants the right to upload, once the runner reports that none of the build's processes is left. Moves the deployment to `uploading`.
 * Idempotent for the same runner (in case the answer was lost).
 */
export const grantPublication =
  (deps: Deps) =>
  async (claim: RunnerClaim, context: Pick<Context, 'requestId'>): Promise<Publication> => {
    const { deploymentId, attempt, buildAttempt } = await deps.authenticateRunner('report', claim);
    const key = { deploymentId, attempt };
    const token = deps.tokens.publish({ ...key, nonce: buildAttempt.ticketNonce }, buildAttempt.redeemer ?? '');
    return deps.store.transaction(async (repositories) => {
      const deployment = await repositories.deployments.lock(deploymentId);
      if (deployment?.attempt !== attempt) throw new AppError('attempt_closed');
      if (deployment.status !== 'uploading') {
        const moved = await repositories.deployments.move(deploymentId, {
          to: 'uploading',
          by: 'build-callback',
          from: ['cloning', 'building'],
          requestId: context.requestId,
        });
        if (!moved) throw new AppError('attempt_closed');
      }
      const expiresAt = await repositories.attempts.grantPublication(key, sha256(token));
      if (!expiresAt) throw new AppError('attempt_closed');
      return { token, expires_at: expiresAt.toISOString() };
    });
  };
