import type { Deadline } from '@miaobu/shared/kernel/deadline';
import { type BranchStanding, NEW_DEPLOYMENT, type PushStanding } from '@miaobu/shared/model/delivery/push-repository';
import { commitStatusMessage } from '@miaobu/shared/model/deployment/commit-status-message';
import { queuedDeployment, queuedMessages } from '@miaobu/shared/model/deployment/queue-deployment';
import { followUpSyncMessage } from '@miaobu/shared/model/environment/follow-up-sync-message';
import type { acceptTogether } from './accept-together.ts';
import { decidePush } from './decide-push.ts';
import type { ReadDelivery } from './read-delivery.ts';
import type { Result } from './receipt.ts';
import { unlessSeenMeanwhile } from './unless-seen-meanwhile.ts';
import { wantedDeployment } from './wanted-deployment.ts';

/**
 * Optimistic path: accepts the push in one statement, which does nothing if the state differs from `standing`. Returns the result and the
 * branch's new state; undefined when something has changed, or when one statement is not enough for the push.
 */
export async function acceptAtOnce(
  accept: ReturnType<typeof acceptTogether>,
  standing: PushStanding,
  { push, recorded }: ReadDelivery,
  commitBy: Deadline | undefined,
): Promise<{ readonly result: Result; readonly after: PushStanding } | undefined> {
  if (!push || standing.isSeen) return undefined;
  const { project, branches } = standing;
  const decision = decidePush(push, project, branches);
  // A requested build has to be ended, which takes more than one statement.
  if (decision.outcome !== 'accepted' || decision.known.isDispatched) return undefined;
  const { known, head, note } = decision;
  const { environment, queuedCommits } = known;
  const { requestId } = recorded;
  const wanted = wantedDeployment(project, decision, recorded);
  const messages = [
    ...queuedCommits.map((commitSha) => commitStatusMessage({ environmentId: environment.id, commitSha }, requestId)),
    ...queuedMessages(NEW_DEPLOYMENT, wanted),
    followUpSyncMessage(environment.id, requestId),
  ];
  const delivery = { ...recorded, outcome: 'accepted' as const, ...(note !== undefined && { note }) };
  const deployment = queuedDeployment(wanted);
  const accepting = accept({ project, known, head, deployment, messages, delivery }, commitBy);
  const deploymentId = await accepting.catch(unlessSeenMeanwhile);
  if (deploymentId === undefined) return undefined;
  const after = standingAfter(known, head, deploymentId);
  return {
    result: { outcome: 'accepted', ...(note !== undefined && { note }), deploymentId },
    after: { ...standing, branches: branches.map((branch) => (branch === known ? after : branch)) },
  };
}

function standingAfter(
  { environment }: BranchStanding,
  head: { readonly sha: string; readonly pushedAt: number },
  deploymentId: string,
): BranchStanding {
  const newestOfBranch = { id: deploymentId, commitSha: head.sha, status: 'queued' as const };
  return {
    environment: {
      ...environment,
      nextSeq: environment.nextSeq + 1,
      headSha: head.sha,
      headPushedAt: head.pushedAt,
      skippedSha: null,
      skippedChanges: false,
    },
    newestOfBranch,
    queuedCommits: [head.sha],
    isDispatched: false,
  };
}
