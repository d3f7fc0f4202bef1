import { deploymentPrefix } from '@miaobu/shared/contracts/manifest';
import { describeError } from '@miaobu/shared/kernel/describe-error';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Store } from '@miaobu/shared/model/repositories';
import { deleteTable } from '@miaobu/shared/model/route/delete-table';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import { deleteFolder } from './delete-folder.ts';
import type { Sweep } from './run-cleanup.ts';

/** By then no upload that a deployment was granted can be running: its tokens are valid for an hour, its links for 15 minutes. */
export const LATE_SECONDS = 2 * 60 * 60;
const DEPLOYMENTS_A_PAGE = 100;

export interface Deps {
  readonly store: Pick<Store, 'deploymentRetention'>;
  readonly objectStore: Pick<ObjectStore, 'list' | 'delete'>;
  readonly edgeStore: Pick<EdgeStore, 'list' | 'delete'>;
}

/**
 * Deletes what failed, cancelled and purged deployments have left outside: a runner's manifest, a routing table that was never switched
 * to, late uploads. Once for each; contents are left to `sweep-blobs.ts`. One that cannot be emptied does not block the others, and is
 * retried in the next round.
 */
export const removeLeftovers =
  ({ store, objectStore, edgeStore }: Deps): Sweep =>
  async ({ log, signal }) => {
    const trusted = { assertTrusted: () => signal.throwIfAborted() };
    const failed = new Set<string>();
    let emptied = 0;
    while (!signal.aborted) {
      const leftovers = await store.deploymentRetention.listLeftovers(LATE_SECONDS, DEPLOYMENTS_A_PAGE + failed.size);
      const next = leftovers.filter(({ id }) => !failed.has(id));
      if (next.length === 0) break;
      for (const { id, slug } of next) {
        if (signal.aborted) break;
        const shown = showId('deployment', id);
        try {
          await deleteTable(edgeStore, shown, trusted);
          await deleteFolder(objectStore, `${deploymentPrefix(slug, shown)}/`, trusted);
          await store.deploymentRetention.markEmptied(id);
          emptied += 1;
        } catch (error) {
          if (signal.aborted) break;
          failed.add(id);
          log.error('what a deployment left was not removed', { deploymentId: shown, ...describeError(error) });
        }
      }
    }
    return emptied;
  };
