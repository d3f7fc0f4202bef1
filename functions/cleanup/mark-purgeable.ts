import type { Context } from '@miaobu/shared/kernel/context';
import { purgeMessage } from '@miaobu/shared/model/deployment/purge-message';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Retention } from './retention.ts';

const ENVIRONMENTS_A_PAGE = 100;

export interface Deps {
  readonly store: Pick<Store, 'environments' | 'transaction'>;
  readonly retention: Pick<Retention, 'keep' | 'graceSeconds'>;
}

/**
 * First phase of cleanup: marks what may go, under the lock that switches and rollbacks take too, so that nothing can become
 * current while it is being deleted. Returns how many deployments were marked.
 */
export const markPurgeable =
  ({ store, retention }: Deps) =>
  async ({ requestId }: Pick<Context, 'requestId'>): Promise<number> => {
    let marked = 0;
    let afterId: string | undefined;
    for (;;) {
      const environments = await store.environments.listIds({ limit: ENVIRONMENTS_A_PAGE, afterId });
      for (const { id } of environments) {
        marked += await store.transaction(async (repositories) => {
          await repositories.environments.lock(id);
          const purgeable = await repositories.deployments.listPurgeable(id, retention.keep, retention.graceSeconds);
          for (const deployment of purgeable) {
            await repositories.deployments.move(deployment.id, { to: 'purging', by: 'cleanup', requestId });
            await repositories.enqueue(purgeMessage(deployment.id, requestId));
          }
          return purgeable.length;
        });
      }
      if (environments.length < ENVIRONMENTS_A_PAGE) return marked;
      afterId = environments.at(-1)?.id;
    }
  };
