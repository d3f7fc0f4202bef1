import { branchSyncMessage } from '@miaobu/shared/model/environment/branch-sync-message';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Duty } from './run-duties.ts';

const TURN = { activeDays: 30, activeSeconds: 10 * 60, idleSeconds: 24 * 60 * 60, limit: 100 };

/**
 * Duty: periodically requests a sync of every branch, to find pushes whose delivery never came (GitHub sends each once, and none above 25
 * MB).
 */
export const findUnsynced =
  (deps: { readonly store: Pick<Store, 'transaction'> }): Duty =>
  ({ requestId }) =>
    deps.store.transaction(async (repositories) => {
      const unsynced = await repositories.environments.takeUnsynced(TURN);
      for (const { id } of unsynced) await repositories.enqueue(branchSyncMessage(id, requestId));
      return unsynced.length;
    });
