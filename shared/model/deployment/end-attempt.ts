import { closeAttempt } from '../build/close-attempt.ts';
import type { Repositories } from '../repositories.ts';
import type { Deployment } from './deployment.ts';
import { runCancelMessage } from './run-cancel-message.ts';

export type Ending = Pick<Repositories, 'projects' | 'attempts' | 'usage' | 'limits' | 'enqueue'>;

/**
 * Abandons the attempt, if there is one, of a deployment that has just been cancelled or has failed: it gives the account's place to the
 * next, and its run, which may exist even if nobody has heard of it, is stopped by a message. In the transaction that moved the deployment.
 */
export async function endAttempt(repositories: Ending, ended: Deployment, requestId: string): Promise<void> {
  const { id: deploymentId, projectId, attempt, trigger } = ended;
  if (attempt === 0) return;
  const project = await repositories.projects.find(projectId);
  if (project) await closeAttempt(repositories, { deploymentId, attempt }, project, 'abandoned');
  // An uploader is no run of the provider's: it learns from its next request.
  if (trigger !== 'upload') await repositories.enqueue(runCancelMessage(deploymentId, attempt, requestId));
}
