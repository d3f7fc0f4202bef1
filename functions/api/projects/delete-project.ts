import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { cancelDeployment } from '@miaobu/shared/model/deployment/cancel-deployment';
import type { Project } from '@miaobu/shared/model/project/project';
import { teardownMessage } from '@miaobu/shared/model/project/teardown-message';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import { publishMessage } from '@miaobu/shared/model/route/publish-message';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import type { Operation } from '../operation.ts';
import { findProject } from './find-project.ts';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'transaction'>;
  readonly doorbell: Doorbell;
}

/**
 * Starts deleting a project. Once this has answered, the project is not found, its builds' tokens are invalid and nothing of it goes
 * live; external resources are removed through the outbox, hostnames first.
 */
export const deleteProject =
  (deps: Deps): Operation<'deleteProject'> =>
  async ({ params }, actor, { requestId, log }) => {
    const project = await findProject(deps.store, actor, params.project);
    const shown = showId('project', project.id);
    await deps.store.transaction(async (repositories) => {
      await beginDeletion(repositories, project, requestId);
      await repositories.auditLog.append({
        actor: showId('user', actor.user.id),
        action: 'project.deletion_requested',
        subject: shown,
        details: { slug: project.slug, repository: project.repository },
        requestId,
      });
    });
    log.info('project is being deleted', { projectId: shown, slug: project.slug });
    await deps.doorbell.ring(requestId);
    return { data: { id: shown, slug: project.slug, deleting: true } };
  };

async function beginDeletion(repositories: Repositories, project: Project, requestId: string): Promise<void> {
  const environments = await repositories.environments.listOfProject(project.id);
  // Queueing, switching and publishing hold these locks, and check the project under them.
  for (const { id } of environments) await repositories.environments.lock(id);
  const unfinished = ['queued', 'cloning', 'building', 'uploading'] as const;
  for (const { id } of await repositories.deployments.listOfProject(project.id, unfinished)) {
    await cancelDeployment(repositories, 'api', {
      deploymentId: id,
      reason: 'project_deleted',
      message: 'The project was deleted.',
      requestId,
    });
  }
  // After the cancellation, which has to find the project, and before anything that must not.
  if (!(await repositories.projects.startDeleting(project.id))) throw new AppError('not_found');
  await repositories.cloudResources.startDeleting(project.id);
  for (const { id } of environments) {
    for (const hostname of await repositories.routes.bumpDesired(id)) {
      await repositories.enqueue(publishMessage(hostname, requestId));
    }
  }
  await repositories.enqueue(teardownMessage(project.id, requestId));
}
