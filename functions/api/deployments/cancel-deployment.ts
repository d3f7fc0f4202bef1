import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { cancelDeployment as cancel } from '@miaobu/shared/model/deployment/cancel-deployment';
import { shownStatus } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import type { Operation } from '../operation.ts';
import { findDeployment } from './find-deployment.ts';
import { presentDeployment } from './present-deployment.ts';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'shownDeployments' | 'transaction'>;
  readonly doorbell: Doorbell;
  readonly address: SiteAddress;
}

/** Cancels a deployment that has not begun to go live. Once this has answered, its tokens are invalid. */
export const cancelDeployment =
  (deps: Deps): Operation<'cancelDeployment'> =>
  async ({ params }, actor, { requestId }) => {
    const { id, projectId } = await findDeployment(deps.store, actor, params);
    await deps.store.transaction(async (repositories) => {
      const cancelled = await cancel(repositories, 'api', {
        deploymentId: id,
        reason: 'user',
        message: 'Cancelled on request.',
        requestId,
      });
      if (!cancelled) {
        const now = await repositories.deployments.find(id);
        if (!now) throw new AppError('not_found');
        throw new AppError('deployment_state_conflict', { details: { status: shownStatus(now.status) } });
      }
      await repositories.auditLog.append({
        actor: showId('user', actor.user.id),
        action: 'deployment.cancelled',
        subject: showId('deployment', id),
        requestId,
      });
    });
    await deps.doorbell.ring(requestId);
    const shown = await deps.store.shownDeployments.find(projectId, id);
    if (!shown) throw new AppError('not_found');
    return { data: presentDeployment(deps.address, shown) };
  };
