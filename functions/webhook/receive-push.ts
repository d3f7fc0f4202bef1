import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { type Deadline, settledBy } from '@miaobu/shared/kernel/deadline';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { readId } from '@miaobu/shared/kernel/ids';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import type { PushStanding } from '@miaobu/shared/model/delivery/push-repository';
import { type Project, webhookSecretContext } from '@miaobu/shared/model/project/project';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import { acceptAtOnce } from './accept-at-once.ts';
import { acceptTogether } from './accept-together.ts';
import { type ReadDelivery, type ReceivedDelivery, readDelivery } from './read-delivery.ts';
import { PONG, type Receipt, type Result, receiptOf } from './receipt.ts';
import { rememberStandings } from './remember-standings.ts';
import { takeInOrder } from './take-in-order.ts';
import { hasValidSignature } from './verify-signature.ts';

export interface Deps {
  readonly store: Pick<Store, 'pushes' | 'deliveries' | 'transaction'>;
  readonly sealer: Sealer;
  readonly doorbell: Doorbell;
}

/**
 * Handles one delivery: verifies it, records it, and queues a deployment if it is a push that calls for one. Recording and queueing are
 * one transaction, and the response is sent only after its commit. A redelivery gets the same answer. What cannot be committed by `commitBy`
 * is `database_unavailable`.
 */
export const receivePush = (deps: Deps) => {
  const remembered = rememberStandings();
  const accept = acceptTogether(deps.store.pushes);

  /** Tries the optimistic path, and caches the branch's resulting state. */
  async function tryAtOnce(
    standing: PushStanding,
    read: ReadDelivery,
    commitBy?: Deadline,
  ): Promise<Result | undefined> {
    const accepted = await acceptAtOnce(accept, standing, read, commitBy);
    const { projectId } = read.recorded;
    if (accepted) remembered.keep(projectId, accepted.after);
    else if (read.push && !standing.isSeen) remembered.forget(projectId);
    return accepted?.result;
  }

  return async (
    delivery: ReceivedDelivery,
    context: Pick<Context, 'requestId' | 'log'>,
    commitBy?: Deadline,
  ): Promise<Receipt> => {
    const projectId = readId('project', delivery.hook);
    if (projectId === undefined) throw new AppError('unauthorized');
    const bodySha256 = sha256(delivery.body);
    const { deliveryGuid = '' } = delivery;
    const read = ({ project }: PushStanding) => readDelivery(delivery, project, bodySha256, context);
    const taken = async (result: Result) => {
      if (result.outcome === 'accepted' || result.outcome === 'stale') {
        const rung = deps.doorbell.ring(context.requestId);
        // It is committed: no ring is worth an answer that comes too late.
        await (commitBy ? settledBy(commitBy, rung) : rung);
      }
      return receiptOf(result, false);
    };

    // Nearly every delivery is a push to deploy, without a concurrent push.
    const known = remembered.find(projectId);
    if (known && (await isAuthentic(deps, delivery, known.project, [known.project.webhookSecretSealed]))) {
      const said = read(known);
      const result = said === 'ping' ? undefined : await tryAtOnce(known, said, commitBy);
      if (result) return taken(result);
    }

    // The cache may be stale, including the secret, and does not know whether the previous one is still accepted.
    const standing = await deps.store.pushes.findStanding(projectId, deliveryGuid, bodySha256, commitBy);
    // The same refusal for an unknown hook and a wrong signature.
    if (!standing || !(await isAuthentic(deps, delivery, standing.project, acceptedSecrets(standing.project)))) {
      throw new AppError('unauthorized');
    }
    const said = read(standing);
    if (said === 'ping') return PONG;
    const result = (await tryAtOnce(standing, said, commitBy)) ?? (await takeInOrder(deps.store, said, commitBy));
    return result ? taken(result) : repeat(deps, said, context, commitBy);
  };
};

/** For a while after a rotation there are two. */
const acceptedSecrets = ({ webhookSecretSealed, previousWebhookSecretSealed }: Project): string[] =>
  previousWebhookSecretSealed === null ? [webhookSecretSealed] : [webhookSecretSealed, previousWebhookSecretSealed];

/** Whether a delivery is signed with one of these secrets of its project. */
async function isAuthentic(
  { sealer }: Deps,
  { body, signature }: ReceivedDelivery,
  { id }: Project,
  sealedSecrets: readonly string[],
): Promise<boolean> {
  const secrets = await Promise.all(sealedSecrets.map((sealed) => sealer.open(sealed, webhookSecretContext(id))));
  // All are compared, so that the time does not tell which one it was.
  return secrets.map((secret) => hasValidSignature(secret, body, signature)).includes(true);
}

/** Repeats the answer to a delivery received before. Throws `conflict` when its id was used with another body. */
async function repeat(
  { store }: Pick<Deps, 'store'>,
  { recorded }: ReadDelivery,
  { log }: Pick<Context, 'log'>,
  commitBy: Deadline | undefined,
): Promise<Receipt> {
  const { projectId, deliveryGuid, bodySha256 } = recorded;
  const seen = await store.deliveries.findSeen(projectId, deliveryGuid, bodySha256, commitBy);
  if (!seen) throw new AppError('conflict');
  if (seen.deliveryGuid === deliveryGuid && !seen.bodySha256.equals(bodySha256)) {
    log.warn('one delivery id came with two bodies', { projectId, deliveryGuid });
    throw new AppError('conflict');
  }
  const { outcome, note, deploymentId } = seen;
  const result = { outcome, ...(note !== null && { note }), ...(deploymentId !== null && { deploymentId }) };
  return receiptOf(result, true);
}
