import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId } from '@miaobu/shared/kernel/ids';
import type { ShownDeployment } from '@miaobu/shared/model/deployment/shown-deployments-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Actor } from '../operation.ts';
import { findProject } from '../projects/find-project.ts';

/** The deployment named in the path, within its project. */
export async function findDeployment(
  store: Pick<Store, 'projects' | 'shownDeployments'>,
  actor: Actor,
  params: { readonly project: string; readonly deployment: string },
): Promise<ShownDeployment> {
  const project = await findProject(store, actor, params.project);
  const id = readId('deployment', params.deployment);
  const deployment = id && (await store.shownDeployments.find(project.id, id));
  if (!deployment) throw new AppError('not_found');
  return deployment;
}
