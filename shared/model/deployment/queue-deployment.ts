import { AppError } from '../../kernel/app-error.ts';
import type { Environment } from '../environment/environment-repository.ts';
import { buildSettingsOf, type Project } from '../project/project.ts';
import type { Repositories } from '../repositories.ts';
import { buildStartMessage } from './build-start-message.ts';
import { cancelDeployment } from './cancel-deployment.ts';
import type { Deployment, DeploymentTrigger } from './deployment.ts';
import type { Mover } from './deployment-lifecycle.ts';

export interface Commit {
  readonly sha: string;
  readonly message: string | null;
  readonly author: string | null;
}

export interface QueueDeployment {
  readonly project: Project;
  /** Locked by the caller's transaction. */
  readonly environment: Environment;
  readonly commit: Commit;
  readonly trigger: DeploymentTrigger;
  /** What makes a second request for the same deployment the same: unique per environment. */
  readonly dedupeKey: string;
  readonly requestId: string;
}

/** GitHub allows messages of any length; a list shows a line. */
const MESSAGE_LIMIT = 1000;

/**
 * Queues a deployment with a snapshot of the project's settings and variables, cancels older ones that no run has taken
 * up, and commits the message that starts its build. Call it in a transaction that holds the environment's lock; it
 * throws `not_found` for a project that is being deleted.
 */
export async function queueDeployment(
  repositories: Pick<
    Repositories,
    'environments' | 'deployments' | 'attempts' | 'projects' | 'usage' | 'limits' | 'enqueue'
  >,
  by: Mover & ('webhook' | 'api' | 'deploy'),
  request: QueueDeployment,
): Promise<Deployment> {
  const { project, environment, commit, requestId } = request;
  // Whoever deletes a project holds its environments' locks meanwhile.
  const variables = await repositories.projects.findVariables(project.id, environment.name);
  if (!variables) throw new AppError('not_found');
  // What is deployed once more says nothing about the branch; anything else is its head, and what was skipped lies behind it.
  const seq = await repositories.environments.takeSeq(environment.id, {
    forgetsSkipped: request.trigger !== 'redeploy',
  });
  const deployment = await repositories.deployments.insert(
    {
      projectId: project.id,
      environmentId: environment.id,
      seq,
      trigger: request.trigger,
      dedupeKey: request.dedupeKey,
      branch: environment.branch,
      commitSha: commit.sha,
      commitMessage: commit.message?.slice(0, MESSAGE_LIMIT) ?? null,
      commitAuthor: commit.author,
      settings: buildSettingsOf(project),
      variables,
      requestId,
    },
    by,
  );
  for (const { id } of await repositories.deployments.listQueuedBelow(environment.id, seq)) {
    await cancelDeployment(repositories, by, {
      deploymentId: id,
      reason: 'superseded',
      message: 'A newer push came before the build began.',
      requestId,
    });
  }
  await repositories.enqueue(buildStartMessage(deployment.id, requestId));
  return deployment;
}
