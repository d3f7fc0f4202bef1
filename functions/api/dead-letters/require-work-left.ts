import type { Topic } from '@miaobu/shared/contracts/messages';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { type StoredStatus, shownStatus } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import type { DeadLetter } from '@miaobu/shared/model/outbox/dead-letter-repository';
import type { Repositories } from '@miaobu/shared/model/repositories';

/** Topics that act only on a deployment in this status. */
const worksOn: Partial<Record<Topic, StoredStatus>> = {
  'build.start': 'queued',
  'deployment.activate': 'deploying',
  'deployment.purge': 'purging',
};

/**
 * Throws `deployment_state_conflict` when a message is about a deployment that is past it, so that replaying it would do nothing. Giving
 * up a start or an activation fails the deployment, so for these it always throws.
 */
export async function requireWorkLeft(
  { deployments }: Pick<Repositories, 'deployments'>,
  { topic, payload }: Pick<DeadLetter, 'topic' | 'payload'>,
): Promise<void> {
  const needed = worksOn[topic as Topic];
  if (needed === undefined) return;
  const status = (await deployments.find(String(payload.deployment_id)))?.status;
  if (status === needed) return;
  const problem = `${topic} needs a deployment that is ${needed}; redeploy it, or discard this message`;
  throw new AppError('deployment_state_conflict', { details: { status: status && shownStatus(status), problem } });
}
