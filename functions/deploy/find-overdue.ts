import { SILENCE_SECONDS } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import type { Store } from '@miaobu/shared/model/repositories';

const BATCH = 100;

/** Asks for a rescue of every deployment whose time in its status is over, or whose runner is silent. */
export const findOverdue =
  (deps: { readonly store: Pick<Store, 'deployments' | 'enqueue'> }) => async (): Promise<void> => {
    for (const { id, requestId } of await deps.store.deployments.listOverdue(SILENCE_SECONDS, BATCH)) {
      await deps.store.enqueue({
        topic: 'deployment.rescue',
        lane: `deployment:${id}`,
        dedupeKey: `deployment.rescue:${id}`,
        payload: { deployment_id: id },
        requestId,
        maxAttempts: 8,
      });
    }
  };
