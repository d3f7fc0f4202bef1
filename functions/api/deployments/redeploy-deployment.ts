import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { isOfCommit } from '@miaobu/shared/model/deployment/deployment';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import type { Operation } from '../operation.ts';
import { type ByHand, deployByHand, showQueued } from './deploy-by-hand.ts';
import { findDeployment } from './find-deployment.ts';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'shownDeployments' | 'transaction'>;
  readonly doorbell: Doorbell;
  readonly address: SiteAddress;
}

/** Builds a commit again, with the current settings and variables, whatever happened to its deployment, even when its files are gone. */
export const redeployDeployment =
  (deps: Deps): Operation<'redeployDeployment'> =>
  async ({ params }, actor, { requestId, address }) => {
    const before = await findDeployment(deps.store, actor, params);
    if (!isOfCommit(before)) throw new AppError('deployment_uploaded');
    const wanted: ByHand = {
      projectId: before.projectId,
      environmentId: before.environmentId,
      branch: before.branch,
      trigger: 'redeploy',
      actor: showId('user', actor.user.id),
      requestId,
      address,
    };
    const commit = { sha: before.commitSha, message: before.commitMessage, author: before.commitAuthor };
    const id = await deployByHand(deps, wanted, commit);
    await deps.doorbell.ring(requestId);
    return { data: await showQueued(deps, before.projectId, id) };
  };
