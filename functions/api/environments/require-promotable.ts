import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Deployment } from '@miaobu/shared/model/deployment/deployment';
import { shownStatus } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import type { Environment } from '@miaobu/shared/model/environment/environment-repository';

/**
 * Throws unless an environment can be switched to the deployment (lock both first): it must be the environment's own, complete, with its
 * files, and not current. A deployment of another environment was built with other variables; its commit can be deployed here.
 */
export function requirePromotable(environment: Environment, deployment: Deployment): void {
  if (deployment.environmentId !== environment.id) {
    throw new AppError('deployment_state_conflict', {
      details: { problem: 'the deployment belongs to another environment' },
    });
  }
  if (deployment.status === 'purging' || deployment.status === 'purged') throw new AppError('deployment_purged');
  if (deployment.status !== 'deployed') {
    const details = { problem: 'the deployment is not complete', status: shownStatus(deployment.status) };
    throw new AppError('deployment_state_conflict', { details });
  }
  if (deployment.id === environment.currentDeploymentId) {
    throw new AppError('deployment_state_conflict', { details: { problem: 'the deployment is already current' } });
  }
}
