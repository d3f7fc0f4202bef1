import { kvKey, parseRoute, ROUTE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { readId } from '@miaobu/shared/kernel/ids';
import type { Lease, TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import { probeMessage } from '@miaobu/shared/model/route/probe-message';
import { purgeCacheMessage } from '@miaobu/shared/model/route/purge-cache-message';
import { type WantedRoute, wantedRoute } from '@miaobu/shared/model/route/wanted-route';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import { EVERYWHERE_SECONDS } from './probe-route.ts';

export interface Deps {
  readonly store: Pick<Store, 'transaction' | 'deployments' | 'routes'>;
  readonly edgeStore: Pick<EdgeStore, 'put' | 'get' | 'delete'>;
}

/**
 * `route.publish`: makes Edge KV match Postgres for a hostname, possibly by removing the value. The only writer of that value. Edge KV
 * has no compare-and-swap, so the order is: record that the deployment may be visible, write, read back, acknowledge under the fencing
 * token. The last hostname to confirm makes the deployment `deployed`.
 */
export const publishRoute = (deps: Deps): TopicHandler<'route.publish'> => ({
  async work({ hostname }, lease, { requestId }) {
    const wanted = await deps.store.transaction(async (repositories) => {
      await repositories.environments.lockByHostname(hostname);
      // Read after taking the lock: everything may have changed while waiting.
      const found = await wantedRoute(repositories, hostname);
      if (!found) return undefined;
      if (!(await repositories.routes.takeOver(hostname, lease.token))) throw new AppError('lease_lost');
      if (found.shown) await repositories.routes.expose(hostname, found.shown.deployment.id, lease.token);
      return found;
    });
    if (wanted?.shown) await write(deps, hostname, wanted.shown.value, lease);
    else await remove(deps, hostname, lease);
    return wanted && ((repositories) => acknowledge(repositories, wanted, lease, requestId));
  },
});

async function write({ edgeStore }: Deps, hostname: string, value: string, lease: Lease): Promise<void> {
  const key = kvKey(hostname);
  lease.assertTrusted();
  await edgeStore.put(ROUTE_NAMESPACE, key, value);
  if ((await edgeStore.get(ROUTE_NAMESPACE, key)) !== value) {
    throw new AppError('edge_unavailable', { message: 'Edge KV does not read back what was written' });
  }
}

/** What was shown stays visible for some minutes, so its protection restarts now. */
async function remove({ store, edgeStore }: Deps, hostname: string, lease: Lease): Promise<void> {
  const key = kvKey(hostname);
  lease.assertTrusted();
  const found = await edgeStore.get(ROUTE_NAMESPACE, key);
  if (found === undefined) return;
  const named = readId('deployment', parseRoute(found)?.deployment_id ?? '');
  const [isKnown, hasRoute] = [named && (await store.deployments.find(named)), await store.routes.find(hostname)];
  if (named && isKnown && hasRoute) await store.routes.expose(hostname, named, lease.token);
  lease.assertTrusted();
  await edgeStore.delete(ROUTE_NAMESPACE, key);
  if ((await edgeStore.get(ROUTE_NAMESPACE, key)) !== undefined) {
    throw new AppError('edge_unavailable', { message: 'Edge KV still has what was deleted' });
  }
}

async function acknowledge(
  repositories: Repositories,
  { route, environment, shown }: WantedRoute,
  lease: Lease,
  requestId: string,
): Promise<void> {
  const { hostname } = route;
  const now = await repositories.environments.lockByHostname(hostname);
  // The end of a deletion: nothing is left to record.
  if (!now) return;
  const acknowledged = await repositories.routes.acknowledge(hostname, {
    version: route.desiredVersion,
    generation: environment.generation,
    deploymentId: shown?.deployment.id ?? null,
    digest: shown ? sha256(shown.value) : null,
    fence: lease.token,
  });
  if (!acknowledged) throw new AppError('lease_lost');
  // Some edge nodes show it for minutes more, however long ago it was replaced.
  const before = route.publishedDeploymentId;
  if (before && before !== shown?.deployment.id) await repositories.routes.expose(hostname, before, lease.token);
  await repositories.enqueue(purgeCacheMessage(hostname, requestId));
  if (!shown || now.currentDeploymentId !== shown.deployment.id) return;
  if ((await repositories.routes.countBehind(environment.id)) > 0) return;
  await repositories.deployments.markPublished(shown.deployment.id);
  await repositories.deployments.move(shown.deployment.id, { to: 'deployed', by: 'deploy', requestId });
  await repositories.enqueue(probeMessage(shown.deployment.id, requestId, EVERYWHERE_SECONDS));
}
