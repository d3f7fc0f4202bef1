import { buildStartMessage } from '../deployment/build-start-message.ts';
import type { Project } from '../project/project.ts';
import type { Repositories } from '../repositories.ts';
import type { AttemptKey } from './build-attempt-repository.ts';

/**
 * Ends an attempt: its tokens become invalid, its machine time is recorded once, and the account's build slot goes to the deployment that
 * has waited longest. Call it in the transaction that moves the deployment.
 */
export async function closeAttempt(
  repositories: Pick<Repositories, 'attempts' | 'usage' | 'limits' | 'enqueue'>,
  key: AttemptKey,
  project: Pick<Project, 'userId'>,
  state: 'finished' | 'abandoned',
): Promise<void> {
  await repositories.attempts.close(key, state);
  await repositories.usage.recordBuild(key);
  const next = await repositories.limits.findLongestWaiting(project.userId);
  // Already pending, but delayed: this brings it forward.
  if (next) await repositories.enqueue(buildStartMessage(next.id, next.requestId));
}
