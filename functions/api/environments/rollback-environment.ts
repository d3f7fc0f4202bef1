import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import type { Environment } from '@miaobu/shared/model/environment/environment-repository';
import { switchEnvironment } from '@miaobu/shared/model/environment/switch-environment';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import { assertUnchanged } from '../etag.ts';
import type { Operation } from '../operation.ts';
import { findEnvironment, lockEnvironment } from './find-environment.ts';
import { presentEnvironment } from './present-environment.ts';
import { requirePromotable } from './require-promotable.ts';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'environments' | 'transaction'>;
  readonly doorbell: Doorbell;
  readonly address: SiteAddress;
}

/** Switches an environment manually and keeps it there: of several users who saw the same state, one decides. */
export const rollbackEnvironment =
  (deps: Deps): Operation<'rollbackEnvironment'> =>
  async ({ params, headers, body }, actor, { requestId, address }) => {
    const { project, environment: found } = await findEnvironment(deps.store, actor, params);
    const present = (environment: Environment) => presentEnvironment(deps.address, project, environment);
    const id = readId('deployment', body.deployment);
    const switched = await deps.store.transaction(async (repositories) => {
      const environment = await lockEnvironment(repositories, found.id);
      const deployment = id && (await repositories.deployments.lock(id));
      if (!deployment || deployment.projectId !== project.id) throw new AppError('not_found');
      assertUnchanged(headers['if-match'], present(environment));
      requirePromotable(environment, deployment);
      await switchEnvironment(repositories, 'api', { environment, deployment, requestId });
      await repositories.environments.change(environment.id, { autoPromote: false });
      await repositories.auditLog.append({
        actor: showId('user', actor.user.id),
        action: 'environment.rolled_back',
        subject: body.deployment,
        projectId: project.id,
        details: {
          environment: environment.name,
          from: environment.currentDeploymentId && showId('deployment', environment.currentDeploymentId),
        },
        requestId,
        address,
      });
      return repositories.environments.lock(environment.id);
    });
    await deps.doorbell.ring(requestId);
    return { data: present(switched) };
  };
