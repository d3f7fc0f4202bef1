import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Deadline } from '@miaobu/shared/kernel/deadline';
import { queueDeployment } from '@miaobu/shared/model/deployment/queue-deployment';
import { branchSyncMessage } from '@miaobu/shared/model/environment/branch-sync-message';
import { followUpSyncMessage } from '@miaobu/shared/model/environment/follow-up-sync-message';
import type { Project } from '@miaobu/shared/model/project/project';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import { decidePush, type PushDecision } from './decide-push.ts';
import { branchOf } from './github-push.ts';
import type { ReadDelivery, RecordedDelivery } from './read-delivery.ts';
import type { Result } from './receipt.ts';
import { unlessSeenMeanwhile } from './unless-seen-meanwhile.ts';
import { wantedDeployment } from './wanted-deployment.ts';

/**
 * Pessimistic path: decides on a delivery and acts on it in one transaction that holds the environment's lock, so that nothing changes in
 * between. Undefined: the delivery was received before. Throws `unauthorized` when its project is gone.
 */
export const takeInOrder = (
  store: Pick<Store, 'transaction'>,
  { push, recorded }: ReadDelivery,
  commitBy: Deadline | undefined,
): Promise<Result | undefined> =>
  store
    .transaction(async (repositories) => {
      const { environments, pushes } = repositories;
      const branch = push && branchOf(push.ref);
      if (branch !== undefined) await environments.lockByBranch(recorded.projectId, branch);
      // After the lock, so that what its previous holder recorded is seen.
      const standing = await pushes.findStanding(recorded.projectId, recorded.deliveryGuid, recorded.bodySha256);
      if (!standing) throw new AppError('unauthorized');
      if (standing.isSeen) return undefined;
      const { project, branches } = standing;
      const decision: PushDecision = push
        ? decidePush(push, project, branches)
        : { outcome: 'ignored', note: `${recorded.event} events need nothing` };
      return carryOut(repositories, project, decision, recorded);
    }, commitBy)
    .catch(unlessSeenMeanwhile);

/** Carries out the decision, and records it. */
async function carryOut(
  repositories: Repositories,
  project: Project,
  decision: PushDecision,
  recorded: RecordedDelivery,
): Promise<Result> {
  const { environments, deliveries, enqueue } = repositories;
  const { requestId } = recorded;
  const record = async (result: Result) => {
    await deliveries.insert({ ...recorded, ...result });
    return result;
  };
  if ('head' in decision) await environments.rememberHead(decision.known.environment.id, decision.head);
  switch (decision.outcome) {
    case 'ignored':
      return record({ outcome: 'ignored', note: decision.note });
    case 'stale':
      await enqueue(branchSyncMessage(decision.known.environment.id, requestId));
      return record({ outcome: 'stale', note: decision.note });
    case 'duplicate_head':
      return record({ outcome: 'duplicate_head', note: decision.note, deploymentId: decision.deploymentId });
    case 'skipped':
      await environments.rememberSkipped(decision.known.environment.id, {
        sha: decision.head.sha,
        changes: decision.skip.changes,
      });
      return record({ outcome: 'skipped', note: decision.skip.note });
    case 'accepted': {
      const messages = [followUpSyncMessage(decision.known.environment.id, requestId)];
      const wanted = { ...wantedDeployment(project, decision, recorded), messages };
      const deployment = await queueDeployment(repositories, 'webhook', wanted);
      const { note } = decision;
      return record({ outcome: 'accepted', ...(note !== undefined && { note }), deploymentId: deployment.id });
    }
  }
}
