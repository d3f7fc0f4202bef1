import { claimedManifestKey, MANIFEST_LIMITS } from '@miaobu/shared/contracts/manifest';
import type { Context } from '@miaobu/shared/kernel/context';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { showId } from '@miaobu/shared/kernel/ids';
import { closeAttempt } from '@miaobu/shared/model/build/close-attempt';
import { activateMessage } from '@miaobu/shared/model/deployment/activate-message';
import { buildStartMessage } from '@miaobu/shared/model/deployment/build-start-message';
import type { Deployment } from '@miaobu/shared/model/deployment/deployment';
import {
  BUILD_CAP_SECONDS,
  isBuilding,
  MAX_ATTEMPTS,
  SILENCE_SECONDS,
} from '@miaobu/shared/model/deployment/deployment-lifecycle';
import { runCancelMessage } from '@miaobu/shared/model/deployment/run-cancel-message';
import type { Conclusion, Lease } from '@miaobu/shared/model/outbox/work-outbox';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { BuildRunner } from '@miaobu/shared/ports/build-runner';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'attempts'>;
  readonly buildRunner: Pick<BuildRunner, 'getRun' | 'findRun'>;
  readonly objectStore: Pick<ObjectStore, 'read'>;
}

interface Found extends Deployment {
  readonly status: 'queued' | 'cloning' | 'building' | 'uploading';
}

/**
 * Checks outside what happened to an overdue build or upload, and returns what to conclude. The conclusion does nothing when the
 * deployment has progressed meanwhile: the check takes seconds, in which its runner may report.
 */
export async function rescueBuild(
  deps: Deps,
  found: Found,
  lease: Lease,
  context: Pick<Context, 'requestId' | 'log'>,
): Promise<Conclusion> {
  const { what, conclude } = await decide(deps, found, lease, context.requestId);
  return async (repositories) => {
    const deployment = await repositories.deployments.lock(found.id);
    if (deployment?.status !== found.status || deployment.attempt !== found.attempt) return;
    if (!(await repositories.overdueDeployments.find(found.id, SILENCE_SECONDS))) return;
    const { id, attempt, status } = found;
    context.log.warn('deployment rescued', { deploymentId: showId('deployment', id), attempt, status, what });
    await conclude(repositories);
  };
}

interface Decision {
  /** For the log. */
  readonly what: 'adopted' | 'given more time' | 'tried again' | 'given up';
  /** Called with the deployment locked and unchanged since it was found. */
  readonly conclude: Conclusion;
}

async function decide(deps: Deps, deployment: Found, lease: Lease, requestId: string): Promise<Decision> {
  const { id, attempt, status } = deployment;
  const moreTime: Decision = {
    what: 'given more time',
    conclude: (repositories) => repositories.overdueDeployments.extendDeadline(id, status),
  };
  lease.assertTrusted();
  const manifest = status === 'uploading' ? await completeManifest(deps, deployment) : undefined;
  if (manifest) return { what: 'adopted', conclude: adopt(deployment, manifest, requestId) };
  const known = await deps.store.attempts.find({ deploymentId: id, attempt });
  const hasTime = known !== undefined && (known.redeemedAgo ?? known.madeAgo) < BUILD_CAP_SECONDS;
  if (deployment.trigger === 'upload') {
    // No provider knows the state of an uploader; only its last report tells.
    if (hasTime && known.silentFor < SILENCE_SECONDS) return moreTime;
    return { what: 'given up', conclude: (repositories) => failUpload(repositories, deployment, requestId) };
  }
  lease.assertTrusted();
  const run = known?.runId
    ? await deps.buildRunner.getRun(known.runId)
    : await deps.buildRunner.findRun({ deploymentId: showId('deployment', id), attempt });
  const alive = run?.state === 'queued' || run?.state === 'running';
  if (alive && hasTime) return moreTime;
  return {
    what: attempt < MAX_ATTEMPTS ? 'tried again' : 'given up',
    conclude: (repositories) => retryOrFail(repositories, deployment, requestId),
  };
}

/** The manifest of the current attempt, if the runner got as far as uploading it: it is uploaded last. */
async function completeManifest(deps: Deps, deployment: Deployment): Promise<Buffer | undefined> {
  const project = await deps.store.projects.find(deployment.projectId);
  if (!project) return undefined;
  const key = claimedManifestKey(project.slug, showId('deployment', deployment.id), deployment.attempt);
  return deps.objectStore.read(key, MANIFEST_LIMITS.manifestBytes);
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

/** Everything is uploaded and only the last report was lost: proceed as if it had arrived. */
const adopt =
  (deployment: Deployment, manifest: Buffer, requestId: string): Conclusion =>
  async (repositories) => {
    await repositories.deployments.move(deployment.id, {
      to: 'deploying',
      by: 'deploy',
      requestId,
      note: 'adopted: the manifest is complete, the last report never came',
      set: { manifestSha256: sha256(manifest), manifestBytes: manifest.length },
    });
    await close(repositories, deployment, 'finished');
    await repositories.enqueue(activateMessage(deployment, requestId));
  };

/** Another attempt, or failure after the last one. The old attempt is fenced and its run cancelled. */
async function retryOrFail(repositories: Repositories, deployment: Deployment, requestId: string): Promise<void> {
  const { id, attempt, status } = deployment;
  if (attempt < MAX_ATTEMPTS && isBuilding(status)) {
    const note = `attempt ${attempt} went silent`;
    await repositories.deployments.move(id, { to: 'queued', by: 'deploy', requestId, note });
    await repositories.enqueue(buildStartMessage(id, requestId));
  } else if (attempt < MAX_ATTEMPTS && status === 'queued') {
    // The run was requested and never started. Closing its attempt makes the next start create a new one.
    await repositories.enqueue(buildStartMessage(id, requestId));
  } else {
    const set = { reason: 'timeout', reasonMessage: `The build did not end in time, in ${attempt} attempts.` };
    await repositories.deployments.move(id, { to: 'failed', by: 'deploy', requestId, set });
  }
  await close(repositories, deployment, 'abandoned');
  await repositories.enqueue(runCancelMessage(id, attempt, requestId));
}

/** Ends an abandoned upload. Its tokens become invalid, should its uploader come back. */
async function failUpload(repositories: Repositories, deployment: Deployment, requestId: string): Promise<void> {
  const { id, status } = deployment;
  const what = status === 'queued' ? 'The upload did not begin in time.' : 'The upload stopped before it was complete.';
  const set = { reason: 'upload_abandoned', reasonMessage: `${what} Upload the folder again.` };
  await repositories.deployments.move(id, { to: 'failed', by: 'deploy', requestId, set });
  await close(repositories, deployment, 'abandoned');
}
