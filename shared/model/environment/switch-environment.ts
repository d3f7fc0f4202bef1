import type { Deployment } from '../deployment/deployment.ts';
import type { Mover } from '../deployment/deployment-lifecycle.ts';
import type { Repositories } from '../repositories.ts';
import { publishMessage } from '../route/publish-message.ts';
import type { Environment } from './environment-repository.ts';

type Parts = Pick<Repositories, 'environments' | 'deployments' | 'routes' | 'enqueue'>;
type Switcher = Mover & ('deploy' | 'api');

/**
 * Makes a verified deployment its environment's current one. Activation, promotion and rollback all use it. The edge follows through the
 * outbox. Lock the environment, then the deployment, first.
 */
export async function switchEnvironment(
  repositories: Parts,
  by: Switcher,
  { environment, deployment, requestId }: { environment: Environment; deployment: Deployment; requestId: string },
): Promise<void> {
  const current =
    environment.currentDeploymentId && (await repositories.deployments.find(environment.currentDeploymentId));
  const isOlder = current && deployment.seq < current.seq;
  await retireCurrent(repositories, by, environment, isOlder ? 'rolled_back' : 'superseded', requestId);
  await repositories.environments.switchTo(environment.id, deployment);
  await repositories.deployments.markActivated(deployment.id);
  await publishEnvironment(repositories, environment.id, requestId);
}

/** The current deployment will no longer be shown. Lock the environment first. */
export async function retireCurrent(
  repositories: Pick<Parts, 'deployments'>,
  by: Switcher,
  { currentDeploymentId }: Environment,
  reason: 'superseded' | 'rolled_back' | 'switched_off',
  requestId: string,
): Promise<void> {
  if (currentDeploymentId === null) return;
  await repositories.deployments.markRetired(currentDeploymentId);
  // It was activated but not confirmed by every route; from here on it never will be.
  await repositories.deployments.move(currentDeploymentId, { to: 'deployed', by, requestId, set: { reason } });
}

/** Requests publication of the environment's current deployment (possibly none) at each of its hostnames. */
export async function publishEnvironment(
  repositories: Pick<Parts, 'routes' | 'enqueue'>,
  environmentId: string,
  requestId: string,
): Promise<void> {
  for (const hostname of await repositories.routes.bumpDesired(environmentId)) {
    await repositories.enqueue(publishMessage(hostname, requestId));
  }
}
