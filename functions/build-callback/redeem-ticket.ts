import { type BuildJob, LOG_LIMIT_BYTES, type RedeemRequest, type UploadJob } from '@miaobu/shared/contracts/build-job';
import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import type { ReadGithubToken } from '@miaobu/shared/model/account/read-github-token';
import type { BuildAttempt } from '@miaobu/shared/model/build/build-attempt-repository';
import { ATTEMPT_SECONDS, type BuildTokens, REDEEM_AGAIN_SECONDS } from '@miaobu/shared/model/build/build-tokens';
import { type Deployment, isOfCommit } from '@miaobu/shared/model/deployment/deployment';
import { deadlineSeconds, isBuilding } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import { type Project, variableContext } from '@miaobu/shared/model/project/project';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { CodeHost } from '@miaobu/shared/ports/code-host';
import { type Deps as FailDeps, failWithoutSource } from './fail-without-source.ts';
import { limitGuesses } from './limit-guesses.ts';

export interface Deps extends FailDeps {
  readonly store: Pick<Store, 'transaction' | 'projects' | 'rateLimits'>;
  readonly tokens: BuildTokens;
  readonly sealer: Sealer;
  readonly readGithubToken: ReadGithubToken;
  readonly codeHost: Pick<CodeHost, 'archiveUrl'>;
}

export interface TicketClaim extends RedeemRequest {
  /** From the URL: a ticket is derived, not stored, so it does not identify its deployment. */
  readonly deployment: string;
  readonly attempt: string;
}

interface Redeemed {
  readonly deployment: Deployment;
  readonly project: Project;
  readonly token: string;
}

/** First redeemer wins; the same one may retry for two minutes. */
function assertRedeemable(attempt: BuildAttempt, deployment: Deployment, redeemer: string): void {
  if (deployment.attempt !== attempt.attempt || attempt.state === 'abandoned') throw new AppError('attempt_closed');
  if (attempt.redeemer === null) {
    if (deployment.status !== 'queued') throw new AppError('attempt_closed');
    if (attempt.ticketExpired) throw new AppError('attempt_closed', { details: { reason: 'the ticket has expired' } });
    return;
  }
  if (attempt.redeemer !== redeemer) throw new AppError('ticket_already_redeemed');
  if (!isBuilding(deployment.status)) throw new AppError('attempt_closed');
  if ((attempt.redeemedAgo ?? 0) > REDEEM_AGAIN_SECONDS) throw new AppError('ticket_already_redeemed');
}

async function redeem(
  repositories: Repositories,
  tokens: BuildTokens,
  claim: TicketClaim,
  requestId: string,
): Promise<Redeemed> {
  const deploymentId = readId('deployment', claim.deployment);
  const attemptNumber = /^[1-9]\d{0,5}$/.test(claim.attempt) ? Number(claim.attempt) : undefined;
  if (deploymentId === undefined || attemptNumber === undefined) throw new AppError('unauthorized');
  const key = { deploymentId, attempt: attemptNumber };
  const deployment = await repositories.deployments.lock(deploymentId);
  const attempt = deployment && (await repositories.attempts.lock(key));
  const project = deployment && (await repositories.projects.find(deployment.projectId));
  if (!deployment || !attempt) throw new AppError('unauthorized');
  const derived = { ...key, nonce: attempt.ticketNonce };
  if (!tokens.isTicket(derived, claim.ticket)) throw new AppError('unauthorized');
  if (!project) throw new AppError('attempt_closed', { details: { reason: 'the project was deleted' } });
  assertRedeemable(attempt, deployment, claim.redeemer);
  const token = tokens.report(derived, claim.redeemer);
  await repositories.attempts.redeem(key, {
    redeemer: claim.redeemer,
    reportTokenSha256: sha256(token),
    tokenSeconds: ATTEMPT_SECONDS,
  });
  if (deployment.status !== 'queued') return { deployment, project, token };
  const to = isOfCommit(deployment) ? 'cloning' : 'uploading';
  const moved = await repositories.deployments.move(deploymentId, { to, by: 'build-callback', requestId });
  if (!moved) throw new AppError('attempt_closed');
  return { deployment: moved, project, token };
}

/**
 * Exchanges a ticket for the job: source, settings, build-scoped variables, and the token for logs and status. The uploader of a folder
 * gets only the token.
 */
export const redeemTicket =
  (deps: Deps) =>
  async (
    claim: TicketClaim,
    context: Pick<Context, 'requestId' | 'log' | 'address'>,
  ): Promise<BuildJob | UploadJob> => {
    const { deployment, project, token } = await deps.store
      .transaction((repositories) => redeem(repositories, deps.tokens, claim, context.requestId))
      .catch(async (error: unknown) => {
        if (error instanceof AppError && error.code === 'unauthorized') {
          await limitGuesses(deps, readId('deployment', claim.deployment), context);
        }
        throw error;
      });
    const attempt = {
      deployment_id: showId('deployment', deployment.id),
      attempt: deployment.attempt,
      request_id: deployment.requestId,
      project_slug: project.slug,
      token,
    };
    if (!isOfCommit(deployment)) {
      return { ...attempt, spa: deployment.settings.spa, limits: { log_bytes: LOG_LIMIT_BYTES } };
    }
    const sourceUrl = await deps
      .readGithubToken(project.userId)
      .then((githubToken) => deps.codeHost.archiveUrl(githubToken, project.repository, deployment.commitSha))
      .catch(async (error: unknown) => {
        await failWithoutSource(deps, error, deployment, project, context);
        throw error;
      });
    const variables = deployment.variables.filter((variable) => variable.scope !== 'runtime');
    return {
      ...attempt,
      repository: project.repository,
      branch: deployment.branch,
      commit_sha: deployment.commitSha,
      source_url: sourceUrl,
      settings: deployment.settings,
      environment: Object.fromEntries(
        await Promise.all(
          variables.map(async ({ key, sealed, environment }) => [
            key,
            await deps.sealer.open(sealed, variableContext(project.id, environment, key)),
          ]),
        ),
      ),
      plain_variables: variables.filter(({ isSecret }) => isSecret === false).map(({ key }) => key),
      limits: { build_seconds: deadlineSeconds.building - 60, log_bytes: LOG_LIMIT_BYTES },
      cache_key: deps.tokens.cacheKey(deployment.environmentId),
    };
  };
