import type { BranchHead } from '../environment/branch-head.ts';
import type { Environment } from '../environment/environment-repository.ts';
import { followUpSyncMessage } from '../environment/follow-up-sync-message.ts';
import type { Repositories } from '../repositories.ts';
import type { Deployment } from './deployment.ts';
import { type QueueDeployment, queueDeployment } from './queue-deployment.ts';

export interface QueueHead
  extends Omit<QueueDeployment, 'commit' | 'branch' | 'fromHead' | 'messages' | 'environment'> {
  /** Locked by the caller's transaction. */
  readonly environment: Environment;
  /** Of the branch that the environment follows. */
  readonly head: BranchHead;
}

/**
 * Queues what the code host reports as the head of an environment's branch and records it, so that late deliveries of the pushes it
 * contains are stale. Throws like `queueDeployment`.
 */
export async function queueHead(
  repositories: Parameters<typeof queueDeployment>[0] & Pick<Repositories, 'environments'>,
  by: Parameters<typeof queueDeployment>[1],
  { head: { commit, pushedAt }, ...wanted }: QueueHead,
): Promise<Deployment> {
  const { environment, requestId } = wanted;
  await repositories.environments.rememberHead(environment.id, {
    sha: commit.sha,
    pushedAt: Math.max(pushedAt, environment.headPushedAt),
  });
  const messages = [followUpSyncMessage(environment.id, requestId)];
  return queueDeployment(repositories, by, { ...wanted, commit, fromHead: true, messages });
}
