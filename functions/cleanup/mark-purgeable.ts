import { AppError } from '@miaobu/shared/kernel/app-error';
import { describeError } from '@miaobu/shared/kernel/describe-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { purgeMessage } from '@miaobu/shared/model/deployment/purge-message';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Retention } from './retention.ts';
import type { Sweep } from './run-cleanup.ts';

const ENVIRONMENTS_A_PAGE = 100;

export interface Deps {
  readonly store: Pick<Store, 'environments' | 'transaction'>;
  readonly retention: Pick<Retention, 'keep' | 'graceSeconds'>;
}

/**
 * First phase of cleanup: marks what may be purged, under the lock that switches and rollbacks take too, so that nothing can become
 * current while it is being deleted. Returns how many deployments were marked. An environment that cannot be examined does not stop the
 * others.
 */
export const markPurgeable =
  ({ store, retention }: Deps): Sweep =>
  async ({ requestId, log, signal }) => {
    const markIn = (environmentId: string) =>
      store.transaction(async (repositories) => {
        await repositories.environments.lock(environmentId);
        const { keep, graceSeconds } = retention;
        const purgeable = await repositories.deploymentRetention.listPurgeable(environmentId, keep, graceSeconds);
        for (const { id } of purgeable) {
          await repositories.deployments.move(id, { to: 'purging', by: 'cleanup', requestId });
          await repositories.enqueue(purgeMessage(id, requestId));
        }
        return purgeable.length;
      });
    let marked = 0;
    let afterId: string | undefined;
    for (;;) {
      const environments = await store.environments.listIds({ limit: ENVIRONMENTS_A_PAGE, afterId });
      for (const { id } of environments) {
        if (signal.aborted) return marked;
        try {
          marked += await markIn(id);
        } catch (error) {
          // Its project was deleted after the page was read.
          if (error instanceof AppError && error.code === 'not_found') continue;
          log.error('environment not looked at', { environmentId: showId('environment', id), ...describeError(error) });
        }
      }
      if (environments.length < ENVIRONMENTS_A_PAGE) return marked;
      afterId = environments.at(-1)?.id;
    }
  };
