import type { ObjectStore } from '@miaobu/shared/ports/object-store';

/** Deletes everything under a prefix that ends in a slash, page by page. Idempotent. */
export async function deleteFolder(
  objectStore: Pick<ObjectStore, 'list' | 'delete'>,
  prefix: string,
  lease: { assertTrusted(): void },
): Promise<void> {
  for (;;) {
    lease.assertTrusted();
    const { objects } = await objectStore.list(prefix);
    if (objects.length === 0) return;
    await objectStore.delete(objects.map(({ key }) => key));
  }
}
