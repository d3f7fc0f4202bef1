import type { Context } from '@miaobu/shared/kernel/context';
import { showId } from '@miaobu/shared/kernel/ids';
import { raiseAlarm } from '@miaobu/shared/model/audit/raise-alarm';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Inventory } from './list-inventory.ts';

const DEPLOYMENTS_A_PAGE = 500;

/**
 * Raises an alarm for every deployment that is complete according to the database but lacks its files or a part of its routing table.
 * `begun` is when the inventory started: it cannot contain what was completed later. Files are missed only in projects it covers.
 */
export async function findMissing(
  store: Pick<Store, 'deploymentRetention' | 'transaction'>,
  inventory: Inventory,
  begun: Date,
  { log, requestId }: Pick<Context, 'log' | 'requestId'>,
): Promise<void> {
  const prefixes = new Set(inventory.folders.map(({ slug, name }) => `${slug}/${name}`));
  const tables = new Map(inventory.tables.map(({ deploymentId, shards }) => [deploymentId, shards]));
  let afterId: string | undefined;
  for (;;) {
    const deployments = await store.deploymentRetention.listComplete(begun, { limit: DEPLOYMENTS_A_PAGE, afterId });
    for (const { id, slug, shards } of deployments) {
      const shown = showId('deployment', id);
      const present = tables.get(shown);
      const details = {
        files: !inventory.covers(slug) ? 'not listed' : prefixes.has(`${slug}/${shown}`) ? 'present' : 'missing',
        // A table that cannot be listed completely proves nothing missing.
        missing_shards: inventory.complete
          ? Array.from({ length: shards ?? 0 }, (_, shard) => shard).filter((shard) => !present?.has(shard)).length
          : 0,
      };
      if (details.files !== 'missing' && details.missing_shards === 0) continue;
      log.error('a deployment is not complete any more', { deploymentId: shown, ...details });
      const entry = { actor: 'cleanup', action: 'deployment.incomplete', subject: shown, details, requestId } as const;
      await store.transaction((repositories) => raiseAlarm(repositories, entry));
    }
    if (deployments.length < DEPLOYMENTS_A_PAGE) return;
    afterId = deployments.at(-1)?.id;
  }
}
