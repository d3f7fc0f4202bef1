import { showId } from '@miaobu/shared/kernel/ids';
import type { Conclusion, Lease } from '@miaobu/shared/model/outbox/work-outbox';
import type { DeletingProject } from '@miaobu/shared/model/project/project-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import { deleteTable } from '@miaobu/shared/model/route/delete-table';
import type { BuildLog } from '@miaobu/shared/ports/build-log';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'deployments'>;
  readonly edgeStore: Pick<EdgeStore, 'list' | 'delete'>;
  readonly objectStore: Pick<ObjectStore, 'list' | 'delete'>;
  readonly buildLog: Pick<BuildLog, 'delete'>;
}

const DEPLOYMENTS_A_ROUND = 50;
const PAGES_OF_OBJECTS_A_ROUND = 20;
const PARALLEL = 5;

const nothingToWrite: Conclusion = async () => {};

/**
 * Deletes a part of a project's stored content: routing tables and logs deployment by deployment, then everything in the bucket. Returns
 * the progress to record when there is more to do, undefined when all is gone.
 */
export async function deleteProjectContent(
  deps: Deps,
  { id, slug, teardownCursor }: DeletingProject,
  lease: Lease,
): Promise<Conclusion | undefined> {
  const page = { limit: DEPLOYMENTS_A_ROUND, afterId: teardownCursor };
  const deployments = await deps.store.deployments.listIds(id, page);
  const last = deployments.at(-1)?.id;
  if (last !== undefined) {
    const queue = deployments.map((deployment) => showId('deployment', deployment.id));
    const worker = async () => {
      for (let shown = queue.pop(); shown !== undefined; shown = queue.pop()) {
        await deleteTable(deps.edgeStore, shown, lease);
        lease.assertTrusted();
        await deps.buildLog.delete(shown);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    return (repositories) => repositories.projects.moveTeardownCursor(id, last);
  }
  for (let pages = 0; pages < PAGES_OF_OBJECTS_A_ROUND; pages++) {
    lease.assertTrusted();
    const { objects } = await deps.objectStore.list(`projects/${slug}/`);
    if (objects.length === 0) return undefined;
    lease.assertTrusted();
    await deps.objectStore.delete(objects.map(({ key }) => key));
  }
  return nothingToWrite;
}
