import { shardPrefix, TABLE_NAMESPACE } from '../../contracts/edge-route.ts';
import type { EdgeStore } from '../../ports/edge-store.ts';

/**
 * Deletes the routing table of a deployment (given its public id) that nobody can see any longer. The shards are listed from the store: a
 * deployment that failed during publication has some that the database does not know. Idempotent.
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
    // Listed completely before the first deletion, because pages are offsets.
    const page = await edgeStore.list(TABLE_NAMESPACE, shardPrefix(deploymentId), cursor);
    keys.push(...page.keys.map(({ key }) => key));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  for (const key of keys) {
    lease.assertTrusted();
    await edgeStore.delete(TABLE_NAMESPACE, key);
  }
}
