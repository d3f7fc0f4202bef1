import { shardKey, TABLE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import { deploymentPrefix } from '@miaobu/shared/contracts/manifest';
import { showId } from '@miaobu/shared/kernel/ids';
import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Store } from '@miaobu/shared/model/repositories';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';

export interface Deps {
  readonly store: Pick<Store, 'deployments' | 'projects'>;
  readonly objectStore: Pick<ObjectStore, 'list' | 'delete'>;
  readonly edgeStore: Pick<EdgeStore, 'delete'>;
}

/**
 * `deployment.purge`, the second phase: deletes the manifests and the routing table of a deployment marked `purging`. The record stays,
 * and so do the contents, which other deployments may share (`sweep-blobs.ts`). Every step is idempotent.
 */
export const purgeDeployment = (deps: Deps): TopicHandler<'deployment.purge'> => ({
  async work({ deployment_id: deploymentId }, lease, { requestId }) {
    const deployment = await deps.store.deployments.find(deploymentId);
    const project = deployment && (await deps.store.projects.find(deployment.projectId));
    if (deployment?.status !== 'purging' || !project) return undefined;
    const shown = showId('deployment', deploymentId);
    for (let shard = 0; shard < (deployment.shards ?? 0); shard++) {
      lease.assertTrusted();
      await deps.edgeStore.delete(TABLE_NAMESPACE, shardKey(shown, shard));
    }
    const prefix = `${deploymentPrefix(project.slug, shown)}/`;
    for (;;) {
      lease.assertTrusted();
      const { objects } = await deps.objectStore.list(prefix);
      if (objects.length === 0) break;
      await deps.objectStore.delete(objects.map((object) => object.key));
    }
    return async (repositories) => {
      await repositories.deployments.move(deploymentId, { to: 'purged', by: 'cleanup', requestId });
    };
  },
});
