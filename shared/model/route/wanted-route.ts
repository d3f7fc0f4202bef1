import type { EdgeRoute } from '../../contracts/edge-route.ts';
import type { Deployment } from '../deployment/deployment.ts';
import type { Environment } from '../environment/environment-repository.ts';
import type { Repositories } from '../repositories.ts';
import { edgeRouteOf } from './edge-route-of.ts';
import type { Route } from './route-repository.ts';

/** The desired Edge KV value of a hostname. */
export interface WantedRoute {
  readonly route: Route;
  readonly environment: Environment;
  /** Undefined: nothing. */
  readonly shown:
    | { readonly deployment: Deployment; readonly edgeRoute: EdgeRoute; readonly value: string }
    | undefined;
}

/**
 * Nothing is to be shown while the environment has no current deployment, or once its project is being deleted. Undefined when no route
 * has the hostname. To act on it, hold the environment's lock.
 */
export async function wantedRoute(
  repositories: Pick<Repositories, 'routes' | 'environments' | 'deployments' | 'projects'>,
  hostname: string,
): Promise<WantedRoute | undefined> {
  const route = await repositories.routes.find(hostname);
  const environment = route && (await repositories.environments.find(route.environmentId));
  if (!environment) return undefined;
  const project = await repositories.projects.find(route.projectId);
  const deployment =
    project && environment.currentDeploymentId !== null
      ? await repositories.deployments.find(environment.currentDeploymentId)
      : undefined;
  if (!project || !deployment) return { route, environment, shown: undefined };
  const { route: edgeRoute, value } = edgeRouteOf(deployment, project, environment);
  return { route, environment, shown: { deployment, edgeRoute, value } };
}
