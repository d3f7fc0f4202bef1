import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId } from '@miaobu/shared/kernel/ids';
import type { ShownProject } from '@miaobu/shared/model/project/project-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Actor, Credential } from '../operation.ts';

const maySee = (credential: Credential, projectId: string) =>
  credential.kind === 'session' || (credential.projectIds?.includes(projectId) ?? true);

/** The project that a path names by id or slug. What belongs to another, or is none of the token's, is not found, exactly as what does not exist. */
export async function findProject(
  store: Pick<Store, 'projects'>,
  actor: Actor,
  idOrSlug: string,
): Promise<ShownProject> {
  const id = readId('project', idOrSlug);
  const project = await store.projects.findOwned(actor.user.id, id === undefined ? { slug: idOrSlug } : { id });
  if (!project || !maySee(actor.credential, project.id)) throw new AppError('not_found');
  return project;
}
