import type { createDeployment as contract } from '@miaobu/shared/contracts/deployments';
import type { BodyOf } from '@miaobu/shared/contracts/endpoint';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Environment } from '@miaobu/shared/model/environment/environment-repository';
import type { Operation } from '../operation.ts';
import { findProject } from '../projects/find-project.ts';
import { askForCommit } from './ask-for-commit.ts';
import { type ByHand, type Deps, deployByHand, showQueued } from './deploy-by-hand.ts';
import { deployHead } from './deploy-head.ts';

export type { Deps } from './deploy-by-hand.ts';

/** The named environment, the one that follows the named branch, or production. */
function chooseEnvironment(
  environments: readonly Environment[],
  { environment: name, branch }: BodyOf<typeof contract>,
): Environment {
  const on = environments.filter(({ disabledAt }) => disabledAt === null);
  const follows = branch === undefined ? undefined : on.find((each) => each.branch === branch);
  const chosen = name === undefined ? follows : on.find((each) => each.name === name);
  const found = chosen ?? (name === undefined ? on.find((each) => each.name === 'production') : undefined);
  if (!found) throw new AppError('not_found');
  return found;
}

/** Deploys the head of a branch, or a commit, on request. */
export const createDeployment =
  (deps: Deps): Operation<'createDeployment'> =>
  async ({ params, body }, actor, { requestId, address }) => {
    const project = await findProject(deps.store, actor, params.project);
    const environment = chooseEnvironment(await deps.store.environments.listOfProject(project.id), body);
    const wanted: ByHand = {
      projectId: project.id,
      environmentId: environment.id,
      branch: body.branch ?? environment.branch,
      trigger: 'manual',
      actor: showId('user', actor.user.id),
      requestId,
      address,
    };
    const id =
      body.commit_sha === undefined
        ? (await deployHead(deps, project, wanted)).id
        : await deployByHand(deps, wanted, await askForCommit(deps, project, body.commit_sha));
    await deps.doorbell.ring(requestId);
    return { data: await showQueued(deps, project.id, id) };
  };
