import { claimedManifestKey, MANIFEST_LIMITS } from '@miaobu/shared/contracts/manifest';
import type { Context } from '@miaobu/shared/kernel/context';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { showId } from '@miaobu/shared/kernel/ids';
import type { BuildAttempt } from '@miaobu/shared/model/build/build-attempt-repository';
import { TICKET_SECONDS } from '@miaobu/shared/model/build/build-tokens';
import { closeAttempt } from '@miaobu/shared/model/build/close-attempt';
import { activateMessage } from '@miaobu/shared/model/deployment/activate-message';
import type { Deployment } from '@miaobu/shared/model/deployment/deployment';
import {
  ASK_AGAIN_SECONDS,
  BUILD_CAP_SECONDS,
  MAX_ATTEMPTS,
  SILENCE_SECONDS,
} from '@miaobu/shared/model/deployment/deployment-lifecycle';
import type { OverdueDeployment } from '@miaobu/shared/model/deployment/overdue-deployments-repository';
import type { Conclusion, Lease } from '@miaobu/shared/model/outbox/work-outbox';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { BuildRunner } from '@miaobu/shared/ports/build-runner';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import { judgeRun } from './judge-run.ts';
import { type Ending, replaceAttempt } from './replace-attempt.ts';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'attempts'>;
  readonly buildRunner: Pick<BuildRunner, 'getRun' | 'findRun'>;
  readonly objectStore: Pick<ObjectStore, 'read'>;
}

interface Found extends OverdueDeployment {
  readonly status: 'queued' | 'cloning' | 'building' | 'uploading';
}

/**
 * Checks outside what happened to a build or upload that is late, or to a run that does not report, and returns what to conclude. The
 * conclusion does nothing when the deployment has progressed meanwhile: the check takes seconds, in which its runner may report.
 */
export async function rescueBuild(
  deps: Deps,
  found: Found,
  lease: Lease,
  context: Pick<Context, 'requestId' | 'log'>,
): Promise<Conclusion | undefined> {
  const decision = await decide(deps, found, lease, context.requestId);
  if (!decision) return undefined;
  return async (repositories) => {
    const deployment = await repositories.deployments.lock(found.id);
    if (deployment?.status !== found.status || deployment.attempt !== found.attempt) return;
    if (!(await repositories.overdueDeployments.find(found.id))) return;
    const { id, attempt, status } = found;
    const { what, why } = decision;
    const fields = { deploymentId: showId('deployment', id), attempt, status, what, why };
    if (what === 'given more time') context.log.info('deployment waits', fields);
    else context.log.warn('deployment rescued', fields);
    await decision.conclude(repositories);
  };
}

interface Decision {
  /** For the log. */
  readonly what: 'adopted' | 'given more time' | 'tried again' | 'given up';
  readonly why?: string;
  /** Called with the deployment locked and unchanged since it was found. */
  readonly conclude: Conclusion;
}

/** Undefined: nothing is to be done. */
async function decide(deps: Deps, found: Found, lease: Lease, requestId: string): Promise<Decision | undefined> {
  lease.assertTrusted();
  const adoption = found.isLate ? await adoptIfComplete(deps, found, requestId) : undefined;
  if (adoption) return adoption;
  const attempt = await deps.store.attempts.find({ deploymentId: found.id, attempt: found.attempt });
  if (!attempt) return undefined;
  return found.trigger === 'upload'
    ? decideUpload(found, attempt, requestId)
    : decideRun(deps, found, attempt, lease, requestId);
}

async function decideRun(
  deps: Deps,
  found: Found,
  attempt: BuildAttempt,
  lease: Lease,
  requestId: string,
): Promise<Decision | undefined> {
  if (!(await deps.store.attempts.markAsked(attempt, ASK_AGAIN_SECONDS))) return undefined;
  lease.assertTrusted();
  const verdict = await judgeRun(deps.buildRunner, attempt);
  const replace = (ending: Ending): Decision => ({
    what: found.attempt < MAX_ATTEMPTS ? 'tried again' : 'given up',
    why: ending.why,
    conclude: (repositories) => replaceAttempt(repositories, found, ending, requestId),
  });
  switch (verdict.is) {
    case 'waiting':
      return moreTime(found, (repositories) => repositories.attempts.extendTicket(attempt, TICKET_SECONDS));
    case 'running':
      return found.isLate ? moreTime(found) : undefined;
    case 'over':
      lease.assertTrusted();
      return (
        (await adoptIfComplete(deps, found, requestId)) ??
        replace({ why: verdict.why, reason: 'runner_error', mayRun: false })
      );
    case 'too long':
      return replace({ why: verdict.why, reason: 'timeout', mayRun: true });
    case 'unknown':
      // Its provider may find it again before its time is up.
      if (!found.isLate) return undefined;
      return replace({ why: 'GitHub Actions does not know the run any more.', reason: 'timeout', mayRun: true });
  }
}

/** No provider knows the state of an uploader; only its last report tells. */
function decideUpload(found: Found, { redeemedAgo, madeAgo, silentFor }: BuildAttempt, requestId: string): Decision {
  const hasTime = (redeemedAgo ?? madeAgo) < BUILD_CAP_SECONDS;
  if (hasTime && silentFor < SILENCE_SECONDS) return moreTime(found);
  return { what: 'given up', conclude: (repositories) => failUpload(repositories, found, requestId) };
}

const moreTime = ({ id, status }: Found, besides: Conclusion = async () => {}): Decision => ({
  what: 'given more time',
  async conclude(repositories) {
    await repositories.overdueDeployments.extendDeadline(id, status);
    await besides(repositories);
  },
});

/** Adopts the upload of the current attempt, if the runner got as far as its manifest, which is uploaded last. */
async function adoptIfComplete(deps: Deps, found: Found, requestId: string): Promise<Decision | undefined> {
  const project = found.status === 'uploading' ? await deps.store.projects.find(found.projectId) : undefined;
  if (!project) return undefined;
  const key = claimedManifestKey(project.slug, showId('deployment', found.id), found.attempt);
  const manifest = await deps.objectStore.read(key, MANIFEST_LIMITS.manifestBytes);
  return manifest && { what: 'adopted', conclude: adopt(found, manifest, requestId) };
}

async function close(
  repositories: Repositories,
  { id: deploymentId, projectId, attempt }: Pick<Deployment, 'id' | 'projectId' | 'attempt'>,
  state: 'finished' | 'abandoned',
): Promise<void> {
  const project = await repositories.projects.find(projectId);
  if (project) await closeAttempt(repositories, { deploymentId, attempt }, project, state);
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

/** Ends an abandoned upload. Its tokens become invalid, should its uploader come back. */
async function failUpload(repositories: Repositories, deployment: Deployment, requestId: string): Promise<void> {
  const { id, status } = deployment;
  const what = status === 'queued' ? 'The upload did not begin in time.' : 'The upload stopped before it was complete.';
  const set = { reason: 'upload_abandoned', reasonMessage: `${what} Upload the folder again.` };
  await repositories.deployments.move(id, { to: 'failed', by: 'deploy', requestId, set });
  await close(repositories, deployment, 'abandoned');
}
