import type { Deployment as DeploymentJson } from '@miaobu/shared/contracts/deployments';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import type { DeploymentTrigger } from '@miaobu/shared/model/deployment/deployment';
import { type Commit, queueDeployment } from '@miaobu/shared/model/deployment/queue-deployment';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import type { Deps as AskDeps } from './ask-for-commit.ts';
import { presentDeployment } from './present-deployment.ts';

export interface Deps extends AskDeps {
  readonly store: Pick<Store, 'transaction' | 'projects' | 'environments' | 'deployments'>;
  readonly doorbell: Doorbell;
  readonly address: SiteAddress;
}

export interface ByHand {
  readonly projectId: string;
  readonly environmentId: string;
  readonly commit: Commit;
  readonly branch: string;
  /** Whether the commit was asked for as the head of the branch. */
  readonly isHead: boolean;
  readonly trigger: DeploymentTrigger & ('manual' | 'redeploy' | 'hook');
  /** Who wants it: the shown id of a user or a deploy hook. */
  readonly actor: string;
  readonly requestId: string;
  readonly address?: string | undefined;
}

/** Queues a deployment that somebody asked for, with the project as it is now, and an entry in the audit log. Returns its id. */
export async function deployByHand(repositories: Repositories, wanted: ByHand): Promise<string> {
  const { projectId, commit, branch, trigger, actor, requestId, address } = wanted;
  const environment = await repositories.environments.lock(wanted.environmentId);
  const project = await repositories.projects.find(projectId);
  if (!project) throw new AppError('not_found');
  const { id } = await queueDeployment(repositories, 'api', {
    project,
    environment,
    commit,
    branch,
    fromHead: wanted.isHead && branch === environment.branch,
    trigger,
    dedupeKey: `${trigger}:after${environment.nextSeq}`,
    requestId,
  });
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

/** A deployment of now, as it is shown. */
export async function showQueued(
  { store, address }: { readonly store: Pick<Store, 'deployments'>; readonly address: SiteAddress },
  projectId: string,
  id: string,
): Promise<DeploymentJson> {
  const shown = await store.deployments.findShown(projectId, id);
  if (!shown) throw new AppError('not_found');
  return presentDeployment(address, shown);
}
