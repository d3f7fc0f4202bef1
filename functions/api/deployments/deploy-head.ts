import { AppError } from '@miaobu/shared/kernel/app-error';
import { type BranchHead, isOutdated, isOvertaken } from '@miaobu/shared/model/environment/branch-head';
import type { Environment } from '@miaobu/shared/model/environment/environment-repository';
import type { Project } from '@miaobu/shared/model/project/project';
import type { Repositories } from '@miaobu/shared/model/repositories';
import { askForHead } from './ask-for-commit.ts';
import { type ByHand, type Deps, queueByHand } from './deploy-by-hand.ts';

/** A push may be accepted while the code host is being asked; then it is asked once more. */
const TIMES_ASKED = 2;

/**
 * Deploys the head of a branch as reported by the code host. `also` runs in the same transaction. Throws `branch_not_found`, and
 * `conflict` when pushes are known that the code host does not show yet: their deployments are on their way, and an older commit must not
 * replace them.
 */
export async function deployHead(
  deps: Deps,
  project: Project,
  wanted: ByHand,
  also: (repositories: Repositories) => Promise<void> = async () => {},
): Promise<{ readonly id: string; readonly commitSha: string }> {
  for (let asked = 1; asked <= TIMES_ASKED; asked++) {
    const before = await deps.store.environments.find(wanted.environmentId);
    if (!before) throw new AppError('not_found');
    const head = await askForHead(deps, project, wanted.branch);
    const id = await deps.store.transaction(async (repositories) => {
      const environment = await repositories.environments.lock(before.id);
      const isItsHead = wanted.branch === environment.branch;
      if (isItsHead && (await isBehind(repositories, before, environment, head))) return undefined;
      await also(repositories);
      return queueByHand(repositories, environment, wanted, {
        commit: head.commit,
        head: isItsHead ? head : undefined,
      });
    });
    if (id !== undefined) return { id, commitSha: head.commit.sha };
  }
  throw behindPushes();
}

const isBehind = async (repositories: Repositories, before: Environment, locked: Environment, head: BranchHead) =>
  isOvertaken(before, locked, head) || (await isOutdated(repositories, locked, head));

export const behindPushes = () =>
  new AppError('conflict', {
    details: {
      problem: 'GitHub does not show the last push yet, and that push is deployed anyway; try again in a minute',
    },
  });
