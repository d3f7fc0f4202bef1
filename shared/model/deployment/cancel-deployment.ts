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
 * Cancels a deployment that has not begun to go live: once committed, the attempt's tokens are invalid and the deployment cannot be
 * activated. A message stops the run itself. Returns undefined when it is too late.
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
 * Cancels an environment's deployments that wait for their build, because a newer one is to be queued. Lock the environment first. A
 * running build may finish: it cannot win. Only a later head (`fromHead`) supersedes a push; anything else says nothing about the branch,
 * so the push is built first, and the latest request is shown in the end.
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
