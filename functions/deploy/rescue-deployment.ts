import { deploymentPrefix } from '@miaobu/shared/contracts/manifest';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { showId } from '@miaobu/shared/kernel/ids';
import { closeAttempt } from '@miaobu/shared/model/build/close-attempt';
import { activateMessage } from '@miaobu/shared/model/deployment/activate-message';
import { buildStartMessage } from '@miaobu/shared/model/deployment/build-start-message';
import { runCancelMessage } from '@miaobu/shared/model/deployment/cancel-deployment';
import type { Deployment } from '@miaobu/shared/model/deployment/deployment';
import {
  BUILD_CAP_SECONDS,
  isBuilding,
  MAX_ATTEMPTS,
  SILENCE_SECONDS,
} from '@miaobu/shared/model/deployment/deployment-lifecycle';
import { purgeMessage } from '@miaobu/shared/model/deployment/purge-message';
import type { Conclusion, Lease, TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import { publishMessage } from '@miaobu/shared/model/route/publish-message';
import type { BuildRunner } from '@miaobu/shared/ports/build-runner';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';

const MANIFEST_LIMIT_BYTES = 32 * 1024 * 1024;

export interface Deps {
  readonly store: Pick<Store, 'deployments' | 'projects' | 'attempts'>;
  readonly buildRunner: Pick<BuildRunner, 'getRun' | 'findRun'>;
  readonly objectStore: Pick<ObjectStore, 'read'>;
}

/** The manifest of the current attempt, if the runner got as far as uploading it: it is written last of all. */
async function completeManifest(deps: Deps, deployment: Deployment): Promise<Buffer | undefined> {
  const project = await deps.store.projects.find(deployment.projectId);
  if (!project) return undefined;
  const prefix = deploymentPrefix(project.slug, showId('deployment', deployment.id));
  return deps.objectStore.read(`${prefix}/manifest-${deployment.attempt}.json`, MANIFEST_LIMIT_BYTES);
}

async function close(
  repositories: Repositories,
  deployment: Deployment,
  state: 'finished' | 'abandoned',
): Promise<void> {
  const project = await repositories.projects.find(deployment.projectId);
  if (project)
    await closeAttempt(repositories, { deploymentId: deployment.id, attempt: deployment.attempt }, project, state);
}

/** Everything is in place and only the last report was lost: go on as if it had come. */
const adopt =
  (deployment: Deployment, manifest: Buffer, requestId: string): Conclusion =>
  async (repositories) => {
    const moved = await repositories.deployments.move(deployment.id, {
      to: 'deploying',
      by: 'deploy',
      requestId,
      from: ['uploading'],
      note: 'adopted: the manifest is complete, the last report never came',
      set: { manifestSha256: sha256(manifest), manifestBytes: manifest.length },
    });
    if (!moved) return;
    await close(repositories, deployment, 'finished');
    await repositories.enqueue(activateMessage(deployment, requestId));
  };

/** Another attempt, or the end after the last one. The old attempt is fenced and its run asked to end. */
async function retryOrFail(repositories: Repositories, deployment: Deployment, requestId: string): Promise<void> {
  const { id, attempt, status } = deployment;
  const from = [status];
  if (attempt < MAX_ATTEMPTS && isBuilding(status)) {
    const note = `attempt ${attempt} went silent`;
    if (!(await repositories.deployments.move(id, { to: 'queued', by: 'deploy', requestId, from, note }))) return;
    await repositories.enqueue(buildStartMessage(id, requestId));
  } else if (attempt < MAX_ATTEMPTS && status === 'queued') {
    // The run was asked for and never began. Closing its attempt is what makes the next start a new one.
    await repositories.deployments.extendDeadline(id, 'queued');
    await repositories.enqueue(buildStartMessage(id, requestId));
  } else {
    const set = { reason: 'timeout', reasonMessage: `The build did not end in time, in ${attempt} attempts.` };
    if (!(await repositories.deployments.move(id, { to: 'failed', by: 'deploy', requestId, from, set }))) return;
  }
  await close(repositories, deployment, 'abandoned');
  await repositories.enqueue(runCancelMessage(id, attempt, requestId));
}

/** The end of an upload that nobody goes on with. No token of it counts any more, should its uploader come back. */
async function failUpload(repositories: Repositories, deployment: Deployment, requestId: string): Promise<void> {
  const { id, status } = deployment;
  const what = status === 'queued' ? 'The upload did not begin in time.' : 'The upload stopped before it was complete.';
  const set = { reason: 'upload_abandoned', reasonMessage: `${what} Upload the folder again.` };
  const moved = await repositories.deployments.move(id, { to: 'failed', by: 'deploy', requestId, from: [status], set });
  if (moved) await close(repositories, deployment, 'abandoned');
}

/**
 * `deployment.rescue`: looks after a deployment that is overdue or whose runner is silent. A build that is complete is adopted, one
 * that still runs gets more time (up to an hour in all), anything else is tried again, at most three times. An upload from somebody's
 * machine cannot be tried again from here.
 */
export const rescueDeployment = (deps: Deps): TopicHandler<'deployment.rescue'> => ({
  async work({ deployment_id: deploymentId }, lease, { requestId, log }) {
    // Asked again: what was overdue in one status may have its whole time in the next by now.
    const deployment = await deps.store.deployments.findOverdue(deploymentId, SILENCE_SECONDS);
    if (!deployment) return undefined;
    const shown = showId('deployment', deploymentId);
    switch (deployment.status) {
      case 'queued':
      case 'cloning':
      case 'building':
      case 'uploading':
        return rescueBuild(deps, { ...deployment, status: deployment.status }, lease, requestId, (what) =>
          log.warn('deployment rescued', {
            deploymentId: shown,
            attempt: deployment.attempt,
            status: deployment.status,
            what,
          }),
        );
      case 'deploying':
        return (repositories) => resumeDeploying(repositories, deployment, requestId);
      case 'purging':
        return (repositories) => resumePurging(repositories, deployment, requestId);
      case 'deployed':
      case 'purged':
      case 'failed':
      case 'cancelled':
        return undefined;
    }
  },
});

async function rescueBuild(
  deps: Deps,
  deployment: Deployment & { readonly status: 'queued' | 'cloning' | 'building' | 'uploading' },
  lease: Lease,
  requestId: string,
  say: (what: string) => void,
): Promise<Conclusion> {
  lease.assertTrusted();
  const manifest = deployment.status === 'uploading' ? await completeManifest(deps, deployment) : undefined;
  if (manifest) {
    say('adopted');
    return adopt(deployment, manifest, requestId);
  }
  const { id, attempt, status } = deployment;
  const known = await deps.store.attempts.find({ deploymentId: id, attempt });
  const age = await deps.store.deployments.ageSeconds(id);
  if (deployment.trigger === 'upload') {
    // No provider knows how its uploader is: what tells is when it was last heard.
    if ((known?.silentFor ?? SILENCE_SECONDS) < SILENCE_SECONDS && age < BUILD_CAP_SECONDS) {
      say('given more time');
      return (repositories) => repositories.deployments.extendDeadline(id, status);
    }
    say('given up');
    return (repositories) => failUpload(repositories, deployment, requestId);
  }
  const run = known?.runId
    ? await deps.buildRunner.getRun(known.runId)
    : await deps.buildRunner.findRun({ deploymentId: showId('deployment', id), attempt });
  const alive = run?.state === 'queued' || run?.state === 'running';
  if (alive && age < BUILD_CAP_SECONDS * attempt) {
    say('given more time');
    return (repositories) => repositories.deployments.extendDeadline(id, status);
  }
  say(attempt < MAX_ATTEMPTS ? 'tried again' : 'given up');
  return (repositories) => retryOrFail(repositories, deployment, requestId);
}

/** Asks again for what makes a deployment live; after its deadline it has failed, unless it is current and only a route is missing. */
async function resumeDeploying(repositories: Repositories, found: Deployment, requestId: string): Promise<void> {
  // Under the lock that switches take: it may have become current since it was found.
  await repositories.environments.lock(found.environmentId);
  const deployment = await repositories.deployments.lock(found.id);
  if (deployment?.status !== 'deploying') return;
  if (!deployment.activatedAt) {
    const set = { reason: 'publish_stuck', reasonMessage: 'The deployment could not be published in time.' };
    await repositories.deployments.move(deployment.id, { to: 'failed', by: 'deploy', requestId, set });
    return;
  }
  await repositories.deployments.extendDeadline(deployment.id, 'deploying');
  for (const hostname of await repositories.routes.listOfEnvironment(deployment.environmentId)) {
    await repositories.enqueue(publishMessage(hostname, requestId));
  }
}

async function resumePurging(repositories: Repositories, deployment: Deployment, requestId: string): Promise<void> {
  await repositories.deployments.extendDeadline(deployment.id, 'purging');
  await repositories.enqueue(purgeMessage(deployment.id, requestId));
}
