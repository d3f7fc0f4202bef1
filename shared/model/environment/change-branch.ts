import type { Repositories } from '../repositories.ts';
import { branchSyncMessage } from './branch-sync-message.ts';
import type { Environment } from './environment-repository.ts';

/** Has an environment, which is locked, follow another branch, whose head is deployed. Throws `branch_in_use`. */
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
