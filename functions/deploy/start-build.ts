import { randomBytes } from 'node:crypto';
import type { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { type BuildTokens, TICKET_SECONDS } from '@miaobu/shared/model/build/build-tokens';
import { buildStartMessage } from '@miaobu/shared/model/deployment/build-start-message';
import type { Deployment } from '@miaobu/shared/model/deployment/deployment';
import { endAttempt } from '@miaobu/shared/model/deployment/end-attempt';
import { runCancelMessage } from '@miaobu/shared/model/deployment/run-cancel-message';
import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { BuildRunner } from '@miaobu/shared/ports/build-runner';

export interface Deps {
  readonly store: Pick<Store, 'transaction'>;
  readonly tokens: BuildTokens;
  readonly buildRunner: Pick<BuildRunner, 'start' | 'findRun'>;
  /** Origin of the control plane, where the runner will report. */
  readonly controlOrigin: string;
}

/** `build.start`: gives a queued deployment its next attempt and starts a run for it. */
export const startBuild = (deps: Deps): TopicHandler<'build.start'> => ({
  async work({ deployment_id: deploymentId }, lease, { log, requestId }) {
    // The attempt is committed before the run is requested, so every existing run is recorded.
    const prepared = await deps.store.transaction(async (repositories) => {
      const deployment = await repositories.deployments.lock(deploymentId);
      // Uploads are built elsewhere.
      if (deployment?.status !== 'queued' || deployment.trigger === 'upload') return undefined;
      const { environmentId } = deployment;
      const key = { deploymentId, attempt: deployment.attempt };
      const before = await repositories.attempts.find(key);
      if (before?.state === 'dispatching') return { ...key, environmentId, nonce: before.ticketNonce, again: true };
      if (before?.state === 'dispatched') return undefined;
      const wait = await secondsToWait(repositories, deployment);
      if (wait > 0) return { wait };
      const attempt = await repositories.deployments.startAttempt(deploymentId);
      if (attempt === undefined) return undefined;
      const nonce = randomBytes(16);
      await repositories.attempts.insert({ deploymentId, attempt }, nonce, TICKET_SECONDS);
      return { deploymentId, attempt, environmentId, nonce, again: false };
    });
    if (!prepared) return undefined;
    if ('wait' in prepared) {
      return (repositories) => repositories.enqueue(buildStartMessage(deploymentId, requestId, prepared.wait));
    }

    const shown = { deploymentId: showId('deployment', deploymentId), attempt: prepared.attempt };
    const ticket = deps.tokens.ticket(prepared);
    lease.assertTrusted();
    // The answer to an earlier try may have been lost. If both runs exist, only the first can redeem the ticket.
    const found = prepared.again ? await deps.buildRunner.findRun(shown) : undefined;
    lease.assertTrusted();
    const { runId } =
      found ??
      (await deps.buildRunner.start({
        ...shown,
        ticket,
        callbackUrl: deps.controlOrigin,
        // Those who can push to staging must not influence production's builds: each environment has its own cache.
        cacheScope: showId('environment', prepared.environmentId),
      }));
    log.info('build run started', { deploymentId: shown.deploymentId, attempt: shown.attempt, runId });
    return async (repositories) => {
      const state = await repositories.attempts.markDispatched(prepared, runId);
      // It was closed while its run was being requested; the cancellation may have found no run.
      if (state === 'abandoned') {
        await repositories.enqueue(runCancelMessage(deploymentId, prepared.attempt, requestId));
      }
    };
  },

  abandon:
    ({ deployment_id: deploymentId }, error, { requestId }) =>
    async (repositories) => {
      const failed = await repositories.deployments.move(deploymentId, {
        to: 'failed',
        by: 'deploy',
        requestId,
        from: ['queued'],
        set: { reason: error.code, reasonMessage: buildNotStarted(error) },
      });
      if (failed) await endAttempt(repositories, failed, requestId);
    },
});

/** A build above its account's limits is retried after this long, unless one that ends brings it forward. */
const WAIT_SECONDS = 60;

/** How long until the account may start another build. First come, first served; nobody is refused. */
async function secondsToWait(repositories: Repositories, deployment: Deployment): Promise<number> {
  const project = await repositories.projects.find(deployment.projectId);
  if (!project) return 0;
  const limits = await repositories.limits.lock(project.userId);
  const load = await repositories.limits.buildLoad(project.userId, deployment.id);
  const mayBegin =
    load.active + load.ahead < limits.maxActiveBuilds && load.lastHour + load.ahead < limits.maxBuildsPerHour;
  return mayBegin ? 0 : WAIT_SECONDS;
}

const buildNotStarted = ({ code }: AppError) =>
  code === 'platform_misconfigured'
    ? 'The platform’s access to GitHub Actions is refused. Its operator has been alerted. Deploy again when it is mended.'
    : `The build could not be started (${code}). Deploy again to retry.`;
