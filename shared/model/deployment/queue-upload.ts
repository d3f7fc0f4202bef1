import { AppError } from '../../kernel/app-error.ts';
import { TICKET_SECONDS } from '../build/build-tokens.ts';
import type { Environment } from '../environment/environment-repository.ts';
import { buildSettingsOf, type Project } from '../project/project.ts';
import type { Repositories } from '../repositories.ts';
import { supersedeQueued } from './cancel-deployment.ts';
import type { Deployment } from './deployment.ts';

export interface QueueUpload {
  readonly project: Project;
  /** Locked by the caller's transaction. */
  readonly environment: Environment;
  readonly message: string | null;
  readonly uploader: string | null;
  /** Of its ticket. */
  readonly nonce: Buffer;
  readonly requestId: string;
}

/**
 * Queues a deployment of a folder that is about to be uploaded, with its only attempt: the ticket's holder is its runner, and the code
 * host is not involved. It takes a sequence number of the environment like any other. Call it in a transaction that holds the
 * environment's lock. Throws `not_found` for a project that is being deleted, and `environment_off`.
 */
export async function queueUpload(
  repositories: Pick<Repositories, 'deployments' | 'attempts' | 'projects' | 'usage' | 'limits' | 'enqueue'>,
  { project, environment, message, uploader, nonce, requestId }: QueueUpload,
): Promise<Deployment> {
  if (environment.disabledAt) throw new AppError('environment_off');
  await supersedeQueued(repositories, 'api', { environmentId: environment.id, fromHead: false, requestId });
  const deployment = await repositories.deployments.insertNext(
    {
      projectId: project.id,
      environment,
      trigger: 'upload',
      dedupeKey: `upload:after${environment.nextSeq}`,
      branch: null,
      // Says nothing about the branch, so the branch's head is neither redeployed over it nor forgotten.
      fromHead: false,
      commitSha: null,
      commitMessage: message,
      commitAuthor: uploader,
      settings: buildSettingsOf(project),
      requestId,
    },
    'api',
  );
  const attempt = deployment && (await repositories.deployments.startAttempt(deployment.id));
  // Deleting a project holds its environments' locks.
  if (!deployment || attempt === undefined) throw new AppError('not_found');
  await repositories.attempts.insert({ deploymentId: deployment.id, attempt }, nonce, TICKET_SECONDS, 'dispatched');
  return { ...deployment, attempt };
}
