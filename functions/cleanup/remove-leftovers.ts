import { deploymentPrefix } from '@miaobu/shared/contracts/manifest';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Store } from '@miaobu/shared/model/repositories';
import { deleteTable } from '@miaobu/shared/model/route/delete-table';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import { deleteFolder } from './delete-folder.ts';
import type { Sweep } from './run-cleanup.ts';

/** By then no upload that a deployment allowed can be under way: its tokens live for an hour, its links for 15 minutes. */
export const LATE_SECONDS = 2 * 60 * 60;
const DEPLOYMENTS_A_PAGE = 100;

export interface Deps {
  readonly store: Pick<Store, 'deployments'>;
  readonly objectStore: Pick<ObjectStore, 'list' | 'delete'>;
  readonly edgeStore: Pick<EdgeStore, 'list' | 'delete'>;
}

/**
 * Deletes what failed, cancelled and purged deployments have left outside: the manifest of a runner, a routing table that was never
 * switched to, what was uploaded late. Once for each; contents go with `sweep-blobs.ts`.
 */
export const removeLeftovers =
  ({ store, objectStore, edgeStore }: Deps): Sweep =>
  async ({ signal }) => {
    const trusted = { assertTrusted: () => signal.throwIfAborted() };
    let emptied = 0;
    for (;;) {
      const leftovers = await store.deployments.listLeftovers(LATE_SECONDS, DEPLOYMENTS_A_PAGE);
      for (const { id, slug } of leftovers) {
        const shown = showId('deployment', id);
        await deleteTable(edgeStore, shown, trusted);
        await deleteFolder(objectStore, `${deploymentPrefix(slug, shown)}/`, trusted);
        await store.deployments.markEmptied(id);
        emptied += 1;
      }
      if (leftovers.length < DEPLOYMENTS_A_PAGE) return emptied;
    }
  };
