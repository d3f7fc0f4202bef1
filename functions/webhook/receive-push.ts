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
import { queueDeployment } from '@miaobu/shared/model/deployment/queue-deployment';
import { branchSyncMessage } from '@miaobu/shared/model/environment/branch-sync-message';
import { type Project, webhookSecretContext } from '@miaobu/shared/model/project/project';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import * as z from 'zod';
import { branchOf, type GithubPush, githubPush } from './github-push.ts';
import { hasValidSignature } from './verify-signature.ts';
import { whySkipped } from './why-skipped.ts';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'deliveries' | 'transaction'>;
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

interface Decision {
  readonly outcome: DeliveryOutcome;
  readonly note?: string;
  readonly deploymentId?: string;
}

/** After a push was taken, its branch is asked for its head: the next one's delivery may get lost. */
const SYNC_AFTER_SECONDS = 45;

/** The project of a hook, if the signature is its own; the same refusal for an unknown hook and a wrong signature. */
async function authenticate(deps: Deps, delivery: ReceivedDelivery): Promise<Project> {
  const projectId = readId('project', delivery.hook);
  const project = projectId === undefined ? undefined : await deps.store.projects.find(projectId);
  const secret = project && (await deps.sealer.open(project.webhookSecretSealed, webhookSecretContext(project.id)));
  if (!hasValidSignature(secret, delivery.body, delivery.signature) || !project) throw new AppError('unauthorized');
  return project;
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

/** What a push means, and whether it was seen before. */
async function decide(
  repositories: Repositories,
  project: Project,
  push: GithubPush,
  delivery: Pick<NewDelivery, 'deliveryGuid' | 'requestId'>,
  isSeen: () => Promise<boolean>,
): Promise<Decision | 'seen'> {
  const branch = branchOf(push.ref);
  const lock = () => (branch === undefined ? undefined : repositories.environments.lockByBranch(project.id, branch));
  // Sent at once, and looked at in this order: what the one before us in the branch's lock has recorded is seen.
  const [environment, seen] = await Promise.all([lock(), isSeen()]);
  if (seen) return 'seen';
  if (branch === undefined) return { outcome: 'ignored', note: 'not a branch' };
  if (push.deleted || push.head_commit === null) return { outcome: 'ignored', note: 'the branch was deleted' };
  if (!environment) return { outcome: 'ignored', note: 'no environment follows this branch' };

  // GitHub guarantees no order and its clock has seconds: what is not newer than the newest we know is a hint to ask, never an order.
  if (push.repository.pushed_at <= environment.headPushedAt && push.after !== environment.headSha) {
    await repositories.enqueue(branchSyncMessage(environment.id, delivery.requestId));
    return { outcome: 'stale', note: 'not newer than the last push; the branch is asked for its head' };
  }
  const pushedAt = Math.max(push.repository.pushed_at, environment.headPushedAt);
  await repositories.environments.rememberHead(environment.id, { sha: push.after, pushedAt });
  const newest = await repositories.deployments.findNewest(environment.id);
  if (newest?.commitSha === push.after && newest.status !== 'failed' && newest.status !== 'cancelled') {
    return { outcome: 'duplicate_head', note: 'this commit is deployed already', deploymentId: newest.id };
  }
  const skipped = whySkipped(push, project, {
    newest: newest?.fromHead === false ? await repositories.deployments.findNewestOfBranch(environment.id) : newest,
    skippedSha: environment.skippedSha,
  });
  if (skipped !== undefined) {
    await repositories.environments.rememberSkipped(environment.id, push.after);
    return { outcome: 'skipped', note: skipped };
  }
  const { author, message } = push.head_commit;
  const deployment = await queueDeployment(repositories, 'webhook', {
    project,
    environment,
    commit: { sha: push.after, message, author: author?.username ?? author?.name ?? null },
    trigger: 'push',
    dedupeKey: `push:${delivery.deliveryGuid}`,
    requestId: delivery.requestId,
    messages: [branchSyncMessage(environment.id, delivery.requestId, SYNC_AFTER_SECONDS)],
  });
  return { outcome: 'accepted', deploymentId: deployment.id };
}

/**
 * Takes one delivery: verifies it, records it, queues a deployment if it is a push that asks for one. Recording and queueing
 * are one transaction, and nothing is answered before its commit. A delivery that comes again is answered as the first time.
 */
export const receivePush =
  (deps: Deps) =>
  async (delivery: ReceivedDelivery, context: Pick<Context, 'requestId' | 'log'>): Promise<Receipt> => {
    const project = await authenticate(deps, delivery);
    const { event, deliveryGuid } = delivery;
    if (!event || !deliveryGuid || deliveryGuid.length > 100 || event.length > 100) {
      throw new AppError('invalid_request', {
        details: { headers: 'X-GitHub-Event and X-GitHub-Delivery are required' },
      });
    }
    if (event === 'ping') return { outcome: 'pong', replayed: false, deployment_id: null, note: null };
    const push = event === 'push' ? parsePush(delivery.body) : undefined;
    if (push && push.repository.id !== project.githubRepositoryId) {
      context.log.warn('a signed push names another repository', { projectId: project.id });
      throw new AppError('forbidden');
    }
    const bodySha256 = sha256(delivery.body);
    const { requestId } = context;

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
    const decision = await deps.store
      .transaction(async (repositories) => {
        const isSeen = () => repositories.deliveries.isSeen(project.id, deliveryGuid, bodySha256);
        const made = push
          ? await decide(repositories, project, push, recorded, isSeen)
          : (await isSeen())
            ? 'seen'
            : { outcome: 'ignored' as const, note: `${event} events need nothing` };
        if (made !== 'seen') await repositories.deliveries.insert({ ...recorded, ...made });
        return made;
      })
      .catch((error: unknown) => {
        if (isSeenMeanwhile(error)) return 'seen' as const;
        throw error;
      });

    if (decision !== 'seen') {
      if (decision.outcome === 'accepted' || decision.outcome === 'stale') await deps.doorbell.ring(requestId);
      return receipt(decision, false);
    }
    const seen = await deps.store.deliveries.findSeen(project.id, deliveryGuid, bodySha256);
    if (!seen) throw new AppError('conflict');
    if (seen.deliveryGuid === deliveryGuid && !seen.bodySha256.equals(bodySha256)) {
      context.log.warn('one delivery id came with two bodies', { projectId: project.id, deliveryGuid });
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

const receipt = (decision: Decision, replayed: boolean): Receipt => ({
  outcome: decision.outcome,
  replayed,
  deployment_id: decision.deploymentId === undefined ? null : showId('deployment', decision.deploymentId),
  note: decision.note ?? null,
});
