import type { Context } from '@miaobu/shared/kernel/context';
import { raiseAlarm } from '@miaobu/shared/model/audit/raise-alarm';
import type { Store } from '@miaobu/shared/model/repositories';
import { deleteTable } from '@miaobu/shared/model/route/delete-table';
import { publishMessage } from '@miaobu/shared/model/route/publish-message';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import { findMissing } from './find-missing.ts';
import { findOrphans, type Deps as OrphanDeps, type Orphans } from './find-orphans.ts';
import { type Inventory, type Deps as InventoryDeps, listInventory } from './list-inventory.ts';
import { LATE_SECONDS } from './remove-leftovers.ts';
import type { TimedSweep } from './run-cleanup.ts';

export interface Deps extends InventoryDeps, OrphanDeps {
  readonly store: OrphanDeps['store'] & Pick<Store, 'now' | 'enqueue' | 'auditLog' | 'inventorySweeps' | 'transaction'>;
  readonly objectStore: InventoryDeps['objectStore'] & Pick<ObjectStore, 'list' | 'delete'>;
  readonly edgeStore: InventoryDeps['edgeStore'] & Pick<EdgeStore, 'get' | 'delete'>;
  readonly monotonicMs: () => number;
}

/** The most that one round deletes: more is probably a mistake, such as a database restored from yesterday's backup. */
const MOST_ITEMS = 20;
const MOST_SHARE = 0.2;
const EXAMPLES = 5;
/** The part of a round's time in which folders are listed; the rest is for comparing and deleting. */
const LISTING_SHARE = 0.5;

/**
 * Compares everything external with the database: deletes orphans, and raises alarms for what is missing. The safety net under everything
 * else that deletes. A bucket with more folders than can be listed in a round is compared in several, each of which continues where the
 * previous one was finished. Returns how many folders, tables and hostnames were deleted.
 */
export const sweepInventory =
  (deps: Deps): TimedSweep =>
  async (context, seconds) => {
    const listUntil = deps.monotonicMs() + seconds * 1000 * LISTING_SHARE;
    const after = await deps.store.inventorySweeps.findListedUntil();
    const begun = await deps.store.now();
    const inventory = await listInventory(deps, {
      after,
      isTimeUp: () => deps.monotonicMs() >= listUntil,
      signal: context.signal,
    });
    const removed = await compare(deps, inventory, begun, context);
    if (inventory.listedUntil !== after) await deps.store.inventorySweeps.continueAfter(inventory.listedUntil);
    return removed;
  };

async function compare(deps: Deps, inventory: Inventory, begun: Date, context: Context): Promise<number> {
  await findMissing(deps.store, inventory, begun, context);
  const until = new Date(begun.getTime() - LATE_SECONDS * 1000);
  const orphans = await findOrphans(deps, inventory, until);
  const found = orphans.folders.length + orphans.tables.length + orphans.hostnames.length;
  if (found === 0) return 0;
  const entry = {
    actor: 'cleanup',
    subject: 'inventory',
    details: { found, of: sizeOf(inventory), examples: examplesOf(orphans) },
    requestId: context.requestId,
  };
  const most = Math.max(MOST_ITEMS, Math.floor(sizeOf(inventory) * MOST_SHARE));
  if (found > most) {
    context.log.error("more than may be deleted in one round is nobody's: nothing was deleted", entry.details);
    await deps.store.transaction((repositories) => raiseAlarm(repositories, { ...entry, action: 'inventory.refused' }));
    return 0;
  }
  await deps.store.auditLog.append({ ...entry, action: 'inventory.swept' });
  await remove(deps, orphans, until, context);
  return found;
}

const sizeOf = ({ folders, tables, routes }: Inventory) => folders.length + tables.length + routes.length;

const examplesOf = ({ folders, tables, hostnames }: Orphans) => [
  ...folders.slice(0, EXAMPLES).map(({ prefix }) => prefix),
  ...tables.slice(0, EXAMPLES).map(({ deploymentId }) => `table of ${deploymentId}`),
  ...hostnames.slice(0, EXAMPLES),
];

async function remove(
  deps: Deps,
  { folders, tables, hostnames }: Orphans,
  until: Date,
  { signal, requestId }: Pick<Context, 'signal' | 'requestId'>,
): Promise<void> {
  // In the hostname's lane, by the handler that writes there: it may have a route by then.
  for (const hostname of hostnames) await deps.store.enqueue(publishMessage(hostname, requestId));
  for (const { deploymentId } of tables) {
    await deleteTable(deps.edgeStore, deploymentId, { assertTrusted: () => signal.throwIfAborted() });
  }
  for (const { slug, name, prefix } of folders) {
    let cursor: string | undefined;
    do {
      signal.throwIfAborted();
      const page = await deps.objectStore.list(prefix, cursor === undefined ? {} : { cursor });
      // A new project may have taken the slug: its contents then belong to that project, including those it did not upload
      // itself.
      if (name === 'blobs' && (await deps.store.projects.findTakenSlugs([slug])).size > 0) break;
      await deps.objectStore.delete(
        page.objects.filter(({ lastModified }) => lastModified < until).map(({ key }) => key),
      );
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  }
}
