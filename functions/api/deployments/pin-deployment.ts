import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { showId } from '@miaobu/shared/kernel/ids';
import { shownStatus } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Actor, Operation } from '../operation.ts';
import { showQueued } from './deploy-by-hand.ts';
import { findDeployment } from './find-deployment.ts';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'shownDeployments' | 'transaction'>;
  readonly address: SiteAddress;
}

/** Pins or unpins under the lock that cleanup takes, so that a pinned deployment is not being purged. */
async function set(
  deps: Deps,
  actor: Actor,
  params: { readonly project: string; readonly deployment: string },
  pinned: boolean,
  { requestId, address }: Context,
) {
  const { id, projectId, environmentId } = await findDeployment(deps.store, actor, params);
  await deps.store.transaction(async (repositories) => {
    await repositories.environments.lock(environmentId);
    const deployment = await repositories.deployments.lock(id);
    if (!deployment) throw new AppError('not_found');
    if ((deployment.pinnedAt !== null) === pinned) return;
    if (pinned && (deployment.status === 'purging' || deployment.status === 'purged')) {
      throw new AppError('deployment_purged');
    }
    if (pinned && deployment.status !== 'deployed') {
      throw new AppError('deployment_state_conflict', { details: { status: shownStatus(deployment.status) } });
    }
    await repositories.deploymentRetention.setPinned(id, pinned);
    await repositories.auditLog.append({
      actor: showId('user', actor.user.id),
      action: pinned ? 'deployment.pinned' : 'deployment.unpinned',
      subject: showId('deployment', id),
      projectId,
      requestId,
      address,
    });
  });
  return { data: await showQueued(deps, projectId, id) };
}

export const pinDeployment =
  (deps: Deps): Operation<'pinDeployment'> =>
  ({ params }, actor, context) =>
    set(deps, actor, params, true, context);

export const unpinDeployment =
  (deps: Deps): Operation<'unpinDeployment'> =>
  ({ params }, actor, context) =>
    set(deps, actor, params, false, context);
