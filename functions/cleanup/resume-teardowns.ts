import { teardownMessage } from '@miaobu/shared/model/project/teardown-message';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Sweep } from './run-cleanup.ts';

/**
 * Requests the teardown of every project that is being deleted again: its message may have been given up during a vendor's outage of
 * hours.
 */
export const resumeTeardowns =
  ({ store }: { readonly store: Pick<Store, 'projects' | 'enqueue'> }): Sweep =>
  async ({ requestId }) => {
    const deleting = await store.projects.listDeleting();
    for (const { id } of deleting) await store.enqueue(teardownMessage(id, requestId));
    return deleting.length;
  };
