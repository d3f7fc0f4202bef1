import type { OutboxMessage } from '../../db/outbox.ts';
import { AppError } from '../../kernel/app-error.ts';
import { storableText } from '../../kernel/storable-text.ts';
import type { Environment } from '../environment/environment-repository.ts';
import { buildSettingsOf, type Project } from '../project/project.ts';
import type { Repositories } from '../repositories.ts';
import { buildStartMessage } from './build-start-message.ts';
import { supersedeQueued } from './cancel-deployment.ts';
import { commitStatusMessage } from './commit-status-message.ts';
import type { Deployment, DeploymentTrigger } from './deployment.ts';
import type { Mover } from './deployment-lifecycle.ts';
import type { NewDeployment } from './insert-deployment-sql.ts';

export interface Commit {
  readonly sha: string;
  readonly message: string | null;
  readonly author: string | null;
}

export interface QueueDeployment {
  readonly project: Project;
  readonly environment: Pick<Environment, 'id' | 'name' | 'branch' | 'disabledAt'>;
  readonly commit: Commit;
  readonly trigger: DeploymentTrigger;
  /** The commit's branch, if it is not the environment's. */
  readonly branch?: string | undefined;
  /** Whether the commit is the head of the environment's branch. Default: true, except for redeployments. */
  readonly fromHead?: boolean | undefined;
  /** Deduplicates requests for the same deployment: unique per environment. */
  readonly dedupeKey: string;
  readonly requestId: string;
  /** Enqueued together with the deployment's own. */
  readonly messages?: readonly OutboxMessage[];
}

/** GitHub allows messages of any length; lists show one line. */
const MESSAGE_LIMIT = 1000;

/** The beginning of a commit message, not cut within a character. */
const shortMessage = (message: string) =>
  storableText(message)
    .slice(0, MESSAGE_LIMIT)
    .replace(/\p{Surrogate}$/u, '');

/** The row of a deployment to queue, with a snapshot of the project's settings. */
export const queuedDeployment = ({
  project,
  environment,
  commit,
  trigger,
  branch,
  fromHead,
  dedupeKey,
  requestId,
}: Omit<QueueDeployment, 'messages'>): NewDeployment => ({
  projectId: project.id,
  environment,
  trigger,
  dedupeKey,
  branch: branch ?? environment.branch,
  fromHead: fromHead ?? trigger !== 'redeploy',
  commitSha: commit.sha,
  commitMessage: commit.message === null ? null : shortMessage(commit.message),
  commitAuthor: commit.author === null ? null : storableText(commit.author),
  settings: buildSettingsOf(project),
  requestId,
});

/** The messages of a queued deployment: its commit status is pending, and its build is to start. */
export const queuedMessages = (
  deploymentId: string,
  { environment, commit, requestId }: Pick<QueueDeployment, 'environment' | 'commit' | 'requestId'>,
): OutboxMessage[] => [
  commitStatusMessage({ environmentId: environment.id, commitSha: commit.sha }, requestId),
  buildStartMessage(deploymentId, requestId),
];

/**
 * Queues a deployment with a snapshot of the project's settings and variables, cancels those it supersedes (`supersedeQueued`), and
 * enqueues the message that starts its build. Call it in a transaction that holds the environment's lock. Throws `not_found` for a
 * project that is being deleted, and `environment_off`.
 */
export async function queueDeployment(
  repositories: Pick<Repositories, 'deployments' | 'attempts' | 'projects' | 'usage' | 'limits' | 'enqueue'>,
  by: Mover & ('webhook' | 'api' | 'deploy'),
  { messages = [], ...wanted }: QueueDeployment,
): Promise<Deployment> {
  const { environment, requestId } = wanted;
  if (environment.disabledAt) throw new AppError('environment_off');
  const deployment = queuedDeployment(wanted);
  const { fromHead } = deployment;
  // Pipelined. Whatever is queued when the first one runs is older than what the second one queues.
  const [, queued] = await Promise.all([
    supersedeQueued(repositories, by, { environmentId: environment.id, fromHead, requestId }),
    repositories.deployments.insertNext(deployment, by),
  ]);
  // Deleting a project holds its environments' locks.
  if (!queued) throw new AppError('not_found');
  await repositories.enqueue(...queuedMessages(queued.id, wanted), ...messages);
  return queued;
}
