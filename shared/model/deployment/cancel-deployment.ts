import { closeAttempt } from '../build/close-attempt.ts';
import type { Repositories } from '../repositories.ts';
import type { Deployment } from './deployment.ts';
import type { Mover } from './deployment-lifecycle.ts';

export interface CancelDeployment {
  readonly deploymentId: string;
  readonly reason: 'user' | 'superseded' | 'project_deleted';
  readonly message: string;
  readonly requestId: string;
}

/**
 * Cancels a deployment that has not begun to go live: from the commit on, no token of its attempt counts and nothing of
 * it can be activated. The run itself is stopped by a message. Returns undefined when it is too late for that.
 */
export async function cancelDeployment(
  repositories: Pick<Repositories, 'deployments' | 'projects' | 'attempts' | 'usage' | 'limits' | 'enqueue'>,
  by: Mover & ('webhook' | 'api' | 'deploy'),
  { deploymentId, reason, message, requestId }: CancelDeployment,
): Promise<Deployment | undefined> {
  const cancelled = await repositories.deployments.move(deploymentId, {
    to: 'cancelled',
    by,
    requestId,
    // Superseded is only what no run has taken up; a build under way may finish, it cannot win.
    ...(reason === 'superseded' ? { from: ['queued'] as const } : {}),
    set: { reason, reasonMessage: message },
  });
  if (!cancelled || cancelled.attempt === 0) return cancelled;
  const project = await repositories.projects.find(cancelled.projectId);
  if (project) await closeAttempt(repositories, { deploymentId, attempt: cancelled.attempt }, project, 'abandoned');
  await repositories.enqueue(runCancelMessage(deploymentId, cancelled.attempt, requestId));
  return cancelled;
}

/** Asks for the end of the run of an attempt that no longer counts. */
export const runCancelMessage = (deploymentId: string, attempt: number, requestId: string) => ({
  topic: 'run.cancel',
  lane: `run:${deploymentId}:${attempt}`,
  dedupeKey: `run.cancel:${deploymentId}:${attempt}`,
  payload: { deployment_id: deploymentId, attempt },
  requestId,
  maxAttempts: 8,
});
