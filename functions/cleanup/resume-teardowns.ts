import { teardownMessage } from '@miaobu/shared/model/project/teardown-message';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Sweep } from './run-cleanup.ts';

/** Asks again for every project that is being deleted: its message may have been given up while a vendor was away for hours. */
export const resumeTeardowns =
  ({ store }: { readonly store: Pick<Store, 'projects' | 'enqueue'> }): Sweep =>
  async ({ requestId }) => {
    const deleting = await store.projects.listDeleting();
    for (const { id } of deleting) await store.enqueue(teardownMessage(id, requestId));
    return deleting.length;
  };
