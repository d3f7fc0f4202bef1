import { shardPrefix, TABLE_NAMESPACE } from '../../contracts/edge-route.ts';
import type { EdgeStore } from '../../ports/edge-store.ts';

/**
 * Deletes the routing table of a deployment (its id as it is shown) that nobody can see any more. It asks the store for the shards: a deployment that failed
 * while it was being published has some that the database knows nothing of. May be repeated.
 */
export async function deleteTable(
  edgeStore: Pick<EdgeStore, 'list' | 'delete'>,
  deploymentId: string,
  lease: { assertTrusted(): void },
): Promise<void> {
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    lease.assertTrusted();
    // Listed to the end before the first is deleted: pages are counted.
    const page = await edgeStore.list(TABLE_NAMESPACE, shardPrefix(deploymentId), cursor);
    keys.push(...page.keys.map(({ key }) => key));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  for (const key of keys) {
    lease.assertTrusted();
    await edgeStore.delete(TABLE_NAMESPACE, key);
  }
}
