import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import {
  type DeliveryOutcome,
  isSeenMeanwhile,
  type NewDelivery,
} from '@miaobu/shared/model/delivery/delivery-repository';
import { type BranchStanding, NEW_DEPLOYMENT, type PushStanding } from '@miaobu/shared/model/delivery/push-repository';
import { commitStatusMessage } from '@miaobu/shared/model/deployment/commit-status-message';
import { queueDeployment, queuedDeployment, queuedMessages } from '@miaobu/shared/model/deployment/queue-deployment';
import { branchSyncMessage } from '@miaobu/shared/model/environment/branch-sync-message';
import { type Project, webhookSecretContext } from '@miaobu/shared/model/project/project';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import * as z from 'zod';
import { acceptTogether } from './accept-together.ts';
import { decidePush, type PushDecision } from './decide-push.ts';
import { branchOf, type GithubPush, githubPush } from './github-push.ts';
import { rememberStandings } from './remember-standings.ts';
import { hasValidSignature } from './verify-signature.ts';

export interface Deps {
  readonly store: Pick<Store, 'pushes' | 'deliveries' | 'transaction'>;
  readonly sealer: Sealer;
  readonly doorbell: Doorbell;
}

/** One delivery, as it came. `hook` is the last part of the hook's URL. */
export interface ReceivedDelivery {
  readonly hook: string;
  readonly event: string | undefined;
  readonly deliveryGuid: string | undefined;
  readonly signature: string | undefined;
  readonly body: Buffer;
}

export interface Receipt {
  readonly outcome: DeliveryOutcome | 'pong';
  /** The same delivery (or the same body) was here before: this is what was answered then. */
  readonly replayed: boolean;
  readonly deployment_id: string | null;
  readonly note: string | null;
}

/** After a push was taken, its branch is asked for its head: the next one's delivery may get lost. */
const SYNC_AFTER_SECONDS = 45;

/** Whether a delivery is signed with the secret of the project it is for. */
async function isAuthentic(deps: Deps, delivery: ReceivedDelivery, project: Project): Promise<boolean> {
  const secret = await deps.sealer.open(project.webhookSecretSealed, webhookSecretContext(project.id));
  return hasValidSignature(secret, delivery.body, delivery.signature);
}

function parsePush(body: Buffer): GithubPush {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new AppError('invalid_json', { cause });
  }
  const parsed = githubPush.safeParse(value);
  if (!parsed.success) throw new AppError('invalid_request', { details: z.flattenError(parsed.error) });
  return parsed.data;
}

type Recorded = Omit<NewDelivery, 'outcome' | 'note' | 'deploymentId'>;

interface ReadDelivery {
  readonly push: GithubPush | undefined;
  readonly recorded: Recorded;
}

/** What a signed delivery says. */
function readDelivery(
  { event, deliveryGuid, body }: ReceivedDelivery,
  project: Project,
  bodySha256: Buffer,
  { requestId, log }: Pick<Context, 'requestId' | 'log'>,
): ReadDelivery | 'ping' {
  if (!event || !deliveryGuid || deliveryGuid.length > 100 || event.length > 100) {
    throw new AppError('invalid_request', {
      details: { headers: 'X-GitHub-Event and X-GitHub-Delivery are required' },
    });
  }
  if (event === 'ping') return 'ping';
  const push = event === 'push' ? parsePush(body) : undefined;
  if (push && push.repository.id !== project.githubRepositoryId) {
    log.warn('a signed push names another repository', { projectId: project.id });
    throw new AppError('forbidden');
  }
  const recorded = {
    projectId: project.id,
    deliveryGuid,
    event,
    ref: push?.ref ?? null,
    beforeSha: push?.before ?? null,
    afterSha: push?.after ?? null,
    pushedAt: push?.repository.pushed_at ?? null,
    bodySha256,
    requestId,
  };
  return { push, recorded };
}

interface Result {
  readonly outcome: DeliveryOutcome;
  readonly note?: string;
  readonly deploymentId?: string;
}

const pushed = (project: Project, { known, commit }: PushDecision & { outcome: 'accepted' }, recorded: Recorded) => ({
  project,
  environment: known.environment,
  commit,
  trigger: 'push' as const,
  dedupeKey: `push:${recorded.deliveryGuid}`,
  requestId: recorded.requestId,
});

const syncLater = ({ environment }: BranchStanding, requestId: string) =>
  branchSyncMessage(environment.id, requestId, SYNC_AFTER_SECONDS);

/**
 * Takes a push that nothing speaks against by one statement, which does nothing if anything is not as it was thought to be. Undefined: it is
 * not, or there is more to do than the statement does.
 */
async function acceptAtOnce(
  accept: ReturnType<typeof acceptTogether>,
  standing: PushStanding,
  decision: PushDecision,
  recorded: Recorded,
): Promise<{ readonly result: Result; readonly after: PushStanding } | undefined> {
  if (decision.outcome !== 'accepted' || decision.known.isDispatched) return undefined;
  const { project, branches } = standing;
  const { known, head } = decision;
  const { environment, queuedCommits } = known;
  const { requestId } = recorded;
  const wanted = pushed(project, decision, recorded);
  const shownAgain = queuedCommits.map((commitSha) =>
    commitStatusMessage({ environmentId: environment.id, commitSha }, requestId),
  );
  const messages = [...shownAgain, ...queuedMessages(NEW_DEPLOYMENT, wanted), syncLater(known, requestId)];
  const delivery = { ...recorded, outcome: 'accepted' as const };
  const deployment = queuedDeployment(wanted);
  const deploymentId = await accept({ project, known, head, deployment, messages, delivery });
  if (deploymentId === undefined) return undefined;
  const newest = { id: deploymentId, commitSha: head.sha, status: 'queued' as const };
  const { sha: headSha, pushedAt: headPushedAt } = head;
  const after: BranchStanding = {
    environment: { ...environment, nextSeq: environment.nextSeq + 1, headSha, headPushedAt, skippedSha: null },
    newest,
    newestOfBranch: newest,
    queuedCommits: [head.sha],
    isDispatched: false,
  };
  return {
    result: { outcome: 'accepted', deploymentId },
    after: { ...standing, branches: branches.map((branch) => (branch === known ? after : branch)) },
  };
}

/** Does what was decided on behind the lock of the environment, and records it. */
async function carryOut(
  repositories: Repositories,
  project: Project,
  decision: PushDecision,
  recorded: Recorded,
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
      await environments.rememberSkipped(decision.known.environment.id, recorded.afterSha ?? '');
      return record({ outcome: 'skipped', note: decision.note });
    case 'accepted': {
      const messages = [syncLater(decision.known, requestId)];
      const wanted = { ...pushed(project, decision, recorded), messages };
      const deployment = await queueDeployment(repositories, 'webhook', wanted);
      return record({ outcome: 'accepted', deploymentId: deployment.id });
    }
  }
}

/** Decides and does it in one transaction, in which nothing changes meanwhile. Undefined: the delivery was here before. */
const takeInOrder = (deps: Deps, { push, recorded }: ReadDelivery): Promise<Result | undefined> =>
  deps.store
    .transaction(async (repositories) => {
      const { environments, pushes } = repositories;
      const branch = push && branchOf(push.ref);
      if (branch !== undefined) await environments.lockByBranch(recorded.projectId, branch);
      // After the lock: what the one who held it before us has recorded is seen.
      const standing = await pushes.findStanding(recorded.projectId, recorded.deliveryGuid, recorded.bodySha256);
      if (!standing) throw new AppError('unauthorized');
      if (standing.isSeen) return undefined;
      const { project, branches } = standing;
      const decision: PushDecision = push
        ? decidePush(push, project, branches)
        : { outcome: 'ignored', note: `${recorded.event} events need nothing` };
      return carryOut(repositories, project, decision, recorded);
    })
    .catch(unlessSeenMeanwhile);

function unlessSeenMeanwhile(error: unknown): undefined {
  if (!isSeenMeanwhile(error)) throw error;
}

/**
 * Takes one delivery: verifies it, records it, queues a deployment if it is a push that asks for one. Recording and queueing
 * are one transaction, and nothing is answered before its commit. A delivery that comes again is answered as the first time.
 */
export const receivePush = (deps: Deps) => {
  const remembered = rememberStandings();
  const accept = acceptTogether(deps.store.pushes);

  /** Takes a push, if nothing speaks against it and all is as `standing` says; remembers how that leaves the branch. */
  async function tryAtOnce(standing: PushStanding, { push, recorded }: ReadDelivery): Promise<Result | undefined> {
    if (!push || standing.isSeen) return undefined;
    const decision = decidePush(push, standing.project, standing.branches);
    const accepted = await acceptAtOnce(accept, standing, decision, recorded).catch(unlessSeenMeanwhile);
    if (accepted) remembered.keep(recorded.projectId, accepted.after);
    else remembered.forget(recorded.projectId);
    return accepted?.result;
  }

  return async (delivery: ReceivedDelivery, context: Pick<Context, 'requestId' | 'log'>): Promise<Receipt> => {
    const projectId = readId('project', delivery.hook);
    if (projectId === undefined) throw new AppError('unauthorized');
    const bodySha256 = sha256(delivery.body);
    const { deliveryGuid = '' } = delivery;

    // Nearly every delivery is a push that is to be deployed, and nobody else pushes at the same moment.
    const known = remembered.find(projectId);
    let read: ReadDelivery | 'ping' | undefined;
    let result: Result | undefined;
    if (known && (await isAuthentic(deps, delivery, known.project))) {
      read = readDelivery(delivery, known.project, bodySha256, context);
      if (read !== 'ping') result = await tryAtOnce(known, read);
    }
    if (!result) {
      // What is remembered can be outdated, the secret too.
      const standing = await deps.store.pushes.findStanding(projectId, deliveryGuid, bodySha256);
      // The same refusal for an unknown hook and a wrong signature.
      if (!standing || !(await isAuthentic(deps, delivery, standing.project))) throw new AppError('unauthorized');
      read = readDelivery(delivery, standing.project, bodySha256, context);
      if (read === 'ping') return { outcome: 'pong', replayed: false, deployment_id: null, note: null };
      result = (await tryAtOnce(standing, read)) ?? (await takeInOrder(deps, read));
    }
    if (result) {
      if (result.outcome === 'accepted' || result.outcome === 'stale') await deps.doorbell.ring(context.requestId);
      return receipt(result, false);
    }
    const seen = await deps.store.deliveries.findSeen(projectId, deliveryGuid, bodySha256);
    if (!seen) throw new AppError('conflict');
    if (seen.deliveryGuid === deliveryGuid && !seen.bodySha256.equals(bodySha256)) {
      context.log.warn('one delivery id came with two bodies', { projectId, deliveryGuid });
      throw new AppError('conflict');
    }
    return receipt(
      {
        outcome: seen.outcome,
        ...(seen.note === null ? {} : { note: seen.note }),
        ...(seen.deploymentId === null ? {} : { deploymentId: seen.deploymentId }),
      },
      true,
    );
  };
};

const receipt = (result: Result, replayed: boolean): Receipt => ({
  outcome: result.outcome,
  replayed,
  deployment_id: result.deploymentId === undefined ? null : showId('deployment', result.deploymentId),
  note: result.note ?? null,
});
