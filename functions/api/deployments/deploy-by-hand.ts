import type { Deployment as DeploymentJson } from '@miaobu/shared/contracts/shown-deployment';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import type { DeploymentTrigger } from '@miaobu/shared/model/deployment/deployment';
import { type Commit, queueDeployment } from '@miaobu/shared/model/deployment/queue-deployment';
import { queueHead } from '@miaobu/shared/model/deployment/queue-head';
import type { BranchHead } from '@miaobu/shared/model/environment/branch-head';
import type { Environment } from '@miaobu/shared/model/environment/environment-repository';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import type { Deps as AskDeps } from './ask-for-commit.ts';
import { presentDeployment } from './present-deployment.ts';

export interface Deps extends AskDeps {
  readonly store: Pick<Store, 'transaction' | 'projects' | 'environments' | 'shownDeployments'>;
  readonly doorbell: Doorbell;
  readonly address: SiteAddress;
}

export interface ByHand {
  readonly projectId: string;
  readonly environmentId: string;
  /** The branch the commit is built for. */
  readonly branch: string;
  readonly trigger: DeploymentTrigger & ('manual' | 'redeploy' | 'hook');
  /** The requester: the public id of a user or a deploy hook. */
  readonly actor: string;
  readonly requestId: string;
  readonly address?: string | undefined;
}

/**
 * Queues a commit on request, with the project's current settings, and an entry in the audit log. Lock the environment first. `head`: the
 * commit is the head of its branch. Returns the deployment's id.
 */
export async function queueByHand(
  repositories: Repositories,
  environment: Environment,
  { projectId, branch, trigger, actor, requestId, address }: ByHand,
  { commit, head }: { readonly commit: Commit; readonly head?: BranchHead | undefined },
): Promise<string> {
  const project = await repositories.projects.find(projectId);
  if (!project) throw new AppError('not_found');
  const dedupeKey = `${trigger}:after${environment.nextSeq}`;
  const wanted = { project, environment, trigger, dedupeKey, requestId };
  const { id } = head
    ? await queueHead(repositories, 'api', { ...wanted, head })
    : await queueDeployment(repositories, 'api', { ...wanted, commit, branch, fromHead: false });
  await repositories.auditLog.append({
    actor,
    action: 'deployment.requested',
    subject: showId('deployment', id),
    projectId,
    details: { trigger, environment: environment.name, branch, commit_sha: commit.sha },
    requestId,
    address,
  });
  return id;
}

/** Deploys a commit, whether or not it is the head of a branch. Returns the deployment's id. */
export const deployByHand = (
  { store }: { readonly store: Pick<Store, 'transaction'> },
  wanted: ByHand,
  commit: Commit,
): Promise<string> =>
  store.transaction(async (repositories) => {
    const environment = await repositories.environments.lock(wanted.environmentId);
    return queueByHand(repositories, environment, wanted, { commit });
  });

/** The deployment just queued, as shown to users. */
export async function showQueued(
  { store, address }: { readonly store: Pick<Store, 'shownDeployments'>; readonly address: SiteAddress },
  projectId: string,
  id: string,
): Promise<DeploymentJson> {
  const shown = await store.shownDeployments.find(projectId, id);
  if (!shown) throw new AppError('not_found');
  return presentDeployment(address, shown);
}
