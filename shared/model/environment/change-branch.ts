import type { Repositories } from '../repositories.ts';
import { branchSyncMessage } from './branch-sync-message.ts';
import type { Environment } from './environment-repository.ts';

/**
 * Makes an environment follow another branch, and deploys its head, even if that asks to be skipped: until the environment has a head, no
 * commit is decided (`isDecided`). Lock the environment first. Throws `branch_in_use`.
 */
export async function changeBranch(
  repositories: Pick<Repositories, 'environments' | 'enqueue'>,
  environment: Environment,
  branch: string,
  requestId: string,
): Promise<void> {
  if (branch === environment.branch) return;
  await repositories.environments.change(environment.id, { branch });
  await repositories.enqueue(branchSyncMessage(environment.id, requestId));
}
