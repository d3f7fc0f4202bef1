import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId } from '@miaobu/shared/kernel/ids';
import type { ShownProject } from '@miaobu/shared/model/project/project-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Actor, Credential } from '../operation.ts';

/** The only projects a credential is valid for; null: all of its user's. Every list of projects, or across projects, must respect it. */
export const projectsOf = (credential: Credential): readonly string[] | null =>
  credential.kind === 'session' ? null : credential.projectIds;

/** For operations beyond single projects: the user's repositories, and new projects, which the credential could not find again. */
export function requireAllProjects(credential: Credential): void {
  if (projectsOf(credential) === null) return;
  throw new AppError('forbidden', { details: { needs: 'a token that is for all projects' } });
}

/**
 * The project named in the path by id or slug. Another user's project, or one outside the token's projects, is not found, exactly like a
 * nonexistent one.
 */
export async function findProject(
  store: Pick<Store, 'projects'>,
  actor: Actor,
  idOrSlug: string,
): Promise<ShownProject> {
  const id = readId('project', idOrSlug);
  const project = await store.projects.findOwned(actor.user.id, id === undefined ? { slug: idOrSlug } : { id });
  if (!project || !(projectsOf(actor.credential)?.includes(project.id) ?? true)) throw new AppError('not_found');
  return project;
}
