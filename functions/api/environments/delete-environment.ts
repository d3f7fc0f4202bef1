import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { cancelDeployment } from '@miaobu/shared/model/deployment/cancel-deployment';
import type { Environment } from '@miaobu/shared/model/environment/environment-repository';
import { publishEnvironment, retireCurrent } from '@miaobu/shared/model/environment/switch-environment';
import { connectHostnameMessage } from '@miaobu/shared/model/project/connect-hostname-message';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import type { Operation } from '../operation.ts';
import { findEnvironment, lockEnvironment } from './find-environment.ts';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'environments' | 'transaction'>;
  readonly doorbell: Doorbell;
}

/**
 * Disables staging. Once this has answered, nothing is deployed to it and nothing of it goes live; its hostname is removed from the edge
 * through the outbox, and its deployments by later cleanups. Its variables and history stay.
 */
export const deleteEnvironment =
  (deps: Deps): Operation<'deleteEnvironment'> =>
  async ({ params }, actor, { requestId, address }) => {
    const { project, environment: found } = await findEnvironment(deps.store, actor, params);
    if (found.name === 'production') {
      throw new AppError('conflict', {
        details: { problem: 'production cannot be switched off; delete the project instead' },
      });
    }
    await deps.store.transaction(async (repositories) => {
      const environment = await lockEnvironment(repositories, found.id);
      await switchOff(repositories, environment, requestId);
      await repositories.auditLog.append({
        actor: showId('user', actor.user.id),
        action: 'environment.switched_off',
        subject: showId('environment', environment.id),
        projectId: project.id,
        details: { environment: environment.name, branch: environment.branch },
        requestId,
        address,
      });
    });
    await deps.doorbell.ring(requestId);
    return { data: undefined };
  };

async function switchOff(repositories: Repositories, environment: Environment, requestId: string): Promise<void> {
  const { id, projectId } = environment;
  const unfinished = ['queued', 'cloning', 'building', 'uploading'] as const;
  for (const deployment of await repositories.deployments.listOfEnvironment(id, unfinished)) {
    await cancelDeployment(repositories, 'api', {
      deploymentId: deployment.id,
      reason: 'switched_off',
      message: 'Its environment was switched off.',
      requestId,
    });
  }
  await retireCurrent(repositories, 'api', environment, 'switched_off', requestId);
  await repositories.environments.disable(id);
  await publishEnvironment(repositories, id, requestId);
  for (const hostname of await repositories.routes.listOfEnvironment(id)) {
    await repositories.enqueue(connectHostnameMessage(projectId, hostname, requestId));
  }
}
