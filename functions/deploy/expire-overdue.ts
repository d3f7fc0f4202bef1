import type { Store } from '@miaobu/shared/model/repositories';
import type { Context } from '@miaobu/shared/runtime/context';

const BATCH = 100;

/** Fails deployments whose time in their state is over, and closes their attempt: its tokens count no more. */
export const expireOverdue =
  (deps: { readonly store: Pick<Store, 'deployments' | 'transaction'> }) =>
  async ({ log }: Pick<Context, 'log'>): Promise<void> => {
    for (const overdue of await deps.store.deployments.listOverdue(BATCH)) {
      await deps.store.transaction(async (repositories) => {
        const moved = await repositories.deployments.move(overdue.id, {
          to: 'failed',
          by: 'deploy',
          requestId: overdue.requestId,
          from: [overdue.status],
          set: { reason: 'timeout', reasonMessage: `The deployment did not get beyond "${overdue.status}" in time.` },
        });
        if (!moved) return;
        await repositories.attempts.close({ deploymentId: overdue.id, attempt: overdue.attempt }, 'abandoned');
        log.warn('deployment timed out', {
          deploymentId: overdue.id,
          status: overdue.status,
          requestId: overdue.requestId,
        });
      });
    }
  };
