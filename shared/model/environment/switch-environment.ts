import type { Deployment } from '../deployment/deployment.ts';
import type { Mover } from '../deployment/deployment-lifecycle.ts';
import type { Repositories } from '../repositories.ts';
import { publishMessage } from '../route/publish-message.ts';
import type { Environment } from './environment-repository.ts';

type Parts = Pick<Repositories, 'environments' | 'deployments' | 'routes' | 'enqueue'>;
type Switcher = Mover & ('deploy' | 'api');

/**
 * Makes a verified deployment the one that its environment shows, whoever wants it: an activation, a promotion and a rollback are one
 * act. The edge follows through the outbox. With the environment and then the deployment locked.
 */
export async function switchEnvironment(
  repositories: Parts,
  by: Switcher,
  { environment, deployment, requestId }: { environment: Environment; deployment: Deployment; requestId: string },
): Promise<void> {
  await retireCurrent(repositories, by, environment, 'superseded', requestId);
  await repositories.environments.switchTo(environment.id, deployment);
  await repositories.deployments.markActivated(deployment.id);
  await publishEnvironment(repositories, environment.id, requestId);
}

/** What is shown until now will be no longer. With the environment locked. */
export async function retireCurrent(
  repositories: Pick<Parts, 'deployments'>,
  by: Switcher,
  { currentDeploymentId }: Environment,
  reason: 'superseded' | 'switched_off',
  requestId: string,
): Promise<void> {
  if (currentDeploymentId === null) return;
  await repositories.deployments.markRetired(currentDeploymentId);
  // It was switched to, but not every route had confirmed it: from here on none will.
  await repositories.deployments.move(currentDeploymentId, { to: 'deployed', by, requestId, set: { reason } });
}

/** Asks for every hostname of an environment to show what it shows now, which may be nothing. */
export async function publishEnvironment(
  repositories: Pick<Parts, 'routes' | 'enqueue'>,
  environmentId: string,
  requestId: string,
): Promise<void> {
  for (const hostname of await repositories.routes.bumpDesired(environmentId)) {
    await repositories.enqueue(publishMessage(hostname, requestId));
  }
}
