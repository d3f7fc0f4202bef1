import { kvKey, ROUTE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Store } from '@miaobu/shared/model/repositories';
import { edgeRouteOf } from '@miaobu/shared/model/route/edge-route-of';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';

export interface Deps {
  readonly store: Pick<Store, 'transaction'>;
  readonly edgeStore: Pick<EdgeStore, 'put' | 'get'>;
}

/**
 * `route.publish`: makes Edge KV say what Postgres says about a hostname. Edge KV has no compare-and-set, so the order is:
 * record that the deployment may be visible, write, read back, acknowledge under the fencing token. The last hostname to confirm
 * makes the deployment `deployed`.
 */
export const publishRoute = (deps: Deps): TopicHandler<'route.publish'> => ({
  async work({ hostname }, lease, { requestId }) {
    const desired = await deps.store.transaction(async (repositories) => {
      const route = await repositories.routes.find(hostname);
      const environment = route && (await repositories.environments.lock(route.environmentId));
      if (!environment?.currentDeploymentId) return undefined;
      // Read again: the version may have moved while we waited for the lock.
      const current = await repositories.routes.find(hostname);
      const deployment = await repositories.deployments.find(environment.currentDeploymentId);
      const project = deployment && (await repositories.projects.find(deployment.projectId));
      if (!current || !deployment || !project) return undefined;
      if (!(await repositories.routes.expose(hostname, deployment.id, lease.token))) throw new AppError('lease_lost');
      return {
        environment,
        deployment,
        version: current.desiredVersion,
        ...edgeRouteOf(deployment, project, environment),
      };
    });
    if (!desired) return undefined;

    const { environment, deployment, version, value } = desired;
    const key = kvKey(hostname);
    lease.assertTrusted();
    await deps.edgeStore.put(ROUTE_NAMESPACE, key, value);
    if ((await deps.edgeStore.get(ROUTE_NAMESPACE, key)) !== value) {
      throw new AppError('edge_unavailable', { message: 'Edge KV does not read back what was written' });
    }

    return async (repositories) => {
      const now = await repositories.environments.lock(environment.id);
      const acknowledged = await repositories.routes.acknowledge(hostname, {
        version,
        generation: environment.generation,
        deploymentId: deployment.id,
        digest: sha256(value),
        fence: lease.token,
      });
      if (!acknowledged) throw new AppError('lease_lost');
      await repositories.enqueue({
        topic: 'cache.purge',
        lane: `purge:${hostname}`,
        dedupeKey: `cache.purge:${hostname}`,
        payload: { hostname },
        requestId,
        maxAttempts: 4,
      });
      if (now.currentDeploymentId !== deployment.id || (await repositories.routes.countBehind(environment.id)) > 0)
        return;
      await repositories.deployments.markPublished(deployment.id);
      await repositories.deployments.move(deployment.id, { to: 'deployed', by: 'deploy', requestId });
    };
  },
});
