import { showId } from '@miaobu/shared/kernel/ids';
import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Store } from '@miaobu/shared/model/repositories';
import type { BuildRunner } from '@miaobu/shared/ports/build-runner';

export interface Deps {
  readonly store: Pick<Store, 'attempts'>;
  readonly buildRunner: Pick<BuildRunner, 'findRun' | 'cancel'>;
}

/**
 * `run.cancel`: asks the provider to cancel the run of an attempt that is no longer current. The attempt is already fenced; this saves
 * machine time.
 */
export const cancelRun = (deps: Deps): TopicHandler<'run.cancel'> => ({
  async work({ deployment_id: deploymentId, attempt }, lease) {
    const known = (await deps.store.attempts.find({ deploymentId, attempt }))?.runId;
    lease.assertTrusted();
    const found =
      known ?? (await deps.buildRunner.findRun({ deploymentId: showId('deployment', deploymentId), attempt }))?.runId;
    if (!found) return undefined;
    lease.assertTrusted();
    await deps.buildRunner.cancel(found);
    return undefined;
  },
});
