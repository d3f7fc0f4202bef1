import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId } from '@miaobu/shared/kernel/ids';
import type { Environment } from '@miaobu/shared/model/environment/environment-repository';
import type { ShownProject } from '@miaobu/shared/model/project/project-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Actor } from '../operation.ts';
import { findProject } from '../projects/find-project.ts';

/** The environment named in the path by id or name, within its project. A disabled one is not found. */
export async function findEnvironment(
  store: Pick<Store, 'projects' | 'environments'>,
  actor: Actor,
  params: { readonly project: string; readonly environment: string },
): Promise<{ readonly project: ShownProject; readonly environment: Environment }> {
  const project = await findProject(store, actor, params.project);
  const id = readId('environment', params.environment);
  const environment =
    id === undefined
      ? await store.environments.findByName(project.id, params.environment)
      : await store.environments.find(id);
  if (environment?.projectId !== project.id || environment.disabledAt) throw new AppError('not_found');
  return { project, environment };
}

/** The same with its lock, before changing it. */
export async function lockEnvironment(
  repositories: Pick<Store, 'projects' | 'environments'>,
  id: string,
): Promise<Environment> {
  const environment = await repositories.environments.lock(id);
  // Deleting a project holds its environments' locks.
  if (environment.disabledAt || !(await repositories.projects.find(environment.projectId))) {
    throw new AppError('not_found');
  }
  return environment;
}
