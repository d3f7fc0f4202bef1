import type { Repositories } from '../repositories.ts';
import type { Deployment } from './deployment.ts';
import type { Mover } from './deployment-lifecycle.ts';
import { type Ending, endAttempt } from './end-attempt.ts';
import { superseding } from './superseding.ts';

export interface CancelDeployment {
  readonly deploymentId: string;
  readonly reason: 'user' | 'project_deleted' | 'switched_off';
  readonly message: string;
  readonly requestId: string;
}

/**
 * Cancels a deployment that has not begun to go live: from the commit on, no token of its attempt counts and nothing of
 * it can be activated. The run itself is stopped by a message. Returns undefined when it is too late for that.
 */
export async function cancelDeployment(
  repositories: Ending & Pick<Repositories, 'deployments'>,
  by: Mover & ('webhook' | 'api' | 'deploy'),
  { deploymentId, reason, message, requestId }: CancelDeployment,
): Promise<Deployment | undefined> {
  const set = { reason, reasonMessage: message };
  const cancelled = await repositories.deployments.move(deploymentId, { to: 'cancelled', by, requestId, set });
  if (cancelled) await endAttempt(repositories, cancelled, requestId);
  return cancelled;
}

/**
 * Cancels what waits for its build in an environment, which is locked, because a newer deployment is to be queued. A build under way may
 * finish: it cannot win. Only a later head (`fromHead`) supersedes a push: anything else says nothing about the branch, so the push is
 * built first, and what was asked for last is shown in the end.
 */
export async function supersedeQueued(
  repositories: Ending & Pick<Repositories, 'deployments'>,
  by: Mover & ('webhook' | 'api' | 'deploy'),
  {
    environmentId,
    fromHead,
    requestId,
  }: { readonly environmentId: string; readonly fromHead: boolean; readonly requestId: string },
): Promise<void> {
  const cancelled = await repositories.deployments.moveQueued(
    environmentId,
    { ...superseding(by), requestId },
    { headsToo: fromHead },
  );
  for (const deployment of cancelled) await endAttempt(repositories, deployment, requestId);
}
