import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { switchEnvironment } from '@miaobu/shared/model/environment/switch-environment';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import { requirePromotable } from '../environments/require-promotable.ts';
import type { Operation } from '../operation.ts';
import { showQueued } from './deploy-by-hand.ts';
import { findDeployment } from './find-deployment.ts';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'shownDeployments' | 'transaction'>;
  readonly doorbell: Doorbell;
  readonly address: SiteAddress;
}

/** Switches a deployment's environment to it. Like a rollback, except that later builds go live by themselves. */
export const promoteDeployment =
  (deps: Deps): Operation<'promoteDeployment'> =>
  async ({ params }, actor, { requestId, address }) => {
    const found = await findDeployment(deps.store, actor, params);
    await deps.store.transaction(async (repositories) => {
      const environment = await repositories.environments.lock(found.environmentId);
      const deployment = await repositories.deployments.lock(found.id);
      if (!deployment || !(await repositories.projects.find(found.projectId))) throw new AppError('not_found');
      if (environment.disabledAt) throw new AppError('environment_off');
      requirePromotable(environment, deployment);
      await switchEnvironment(repositories, 'api', { environment, deployment, requestId });
      if (!environment.autoPromote) await repositories.environments.change(environment.id, { autoPromote: true });
      await repositories.auditLog.append({
        actor: showId('user', actor.user.id),
        action: 'deployment.promoted',
        subject: showId('deployment', found.id),
        projectId: found.projectId,
        details: {
          environment: environment.name,
          from: environment.currentDeploymentId && showId('deployment', environment.currentDeploymentId),
        },
        requestId,
        address,
      });
    });
    await deps.doorbell.ring(requestId);
    return { data: await showQueued(deps, found.projectId, found.id) };
  };
