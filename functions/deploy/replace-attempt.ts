import { closeAttempt } from '@miaobu/shared/model/build/close-attempt';
import { buildStartMessage } from '@miaobu/shared/model/deployment/build-start-message';
import type { Deployment } from '@miaobu/shared/model/deployment/deployment';
import { isBuilding, MAX_ATTEMPTS } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import { runCancelMessage } from '@miaobu/shared/model/deployment/run-cancel-message';
import type { Repositories } from '@miaobu/shared/model/repositories';

/** Why an attempt is given up. */
export interface Ending {
  /** A sentence. */
  readonly why: string;
  /** The deployment's, if it was the last attempt. */
  readonly reason: 'runner_error' | 'timeout';
  /** Whether the run may still exist, and has to be cancelled. */
  readonly mayRun: boolean;
}

/** Another attempt, or failure after the last one. The old attempt is fenced. Call it with the deployment locked. */
export async function replaceAttempt(
  repositories: Repositories,
  { id, projectId, attempt, status }: Deployment,
  { why, reason, mayRun }: Ending,
  requestId: string,
): Promise<void> {
  if (attempt < MAX_ATTEMPTS) {
    // One that is queued stays so; closing its attempt makes the next start create a new one.
    if (isBuilding(status)) {
      await repositories.deployments.move(id, { to: 'queued', by: 'deploy', requestId, note: why });
    }
    await repositories.enqueue(buildStartMessage(id, requestId));
  } else {
    const set = { reason, reasonMessage: why };
    await repositories.deployments.move(id, { to: 'failed', by: 'deploy', requestId, set });
  }
  const project = await repositories.projects.find(projectId);
  if (project) await closeAttempt(repositories, { deploymentId: id, attempt }, project, 'abandoned');
  if (mayRun) await repositories.enqueue(runCancelMessage(id, attempt, requestId));
}
