import type { Store } from '@miaobu/shared/model/repositories';
import type { MigrateEvent } from './migrate-event.ts';

export interface Deps {
  readonly store: Pick<Store, 'transaction'>;
}

/**
 * After everything was stopped at once, builds included: what was under way is due now, instead of when its lease or its time is over.
 * Whoever should be alive after all is fenced, as when a lease runs out.
 */
export const takeUpInterrupted =
  ({ store }: Deps) =>
  async ({ after_stop: afterStop }: MigrateEvent): Promise<void> => {
    if (!afterStop) return;
    await store.transaction(async (repositories) => {
      await repositories.giveBackLeases();
      await repositories.overdueDeployments.endDeadlinesOfBuilds();
    });
  };
