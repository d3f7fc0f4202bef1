import { rescueMessage } from '@miaobu/shared/model/deployment/rescue-message';
import type { Store } from '@miaobu/shared/model/repositories';

const BATCH = 100;

/** Duty: requests a rescue of every deployment past the deadline of its status, or whose runner has not reported for a minute. */
export const findOverdue =
  (deps: { readonly store: Pick<Store, 'overdueDeployments' | 'enqueue'> }) => async (): Promise<number> => {
    const overdue = await deps.store.overdueDeployments.list(BATCH);
    await deps.store.enqueue(...overdue.map(({ id, requestId }) => rescueMessage(id, requestId)));
    return overdue.length;
  };
