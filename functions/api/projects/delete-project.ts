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
 * Begins to delete a project. When this answers, nobody finds it any more, none of its builds counts and nothing of it goes live;
 * what it has outside follows through the outbox, its hostnames first.
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
  // Who queues, switches or publishes holds these locks, and looks for the project behind them.
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
  // Behind the cancelling, which has to find the project; before anything that must not.
  if (!(await repositories.projects.startDeleting(project.id))) throw new AppError('not_found');
  await repositories.cloudResources.startDeleting(project.id);
  for (const { id } of environments) {
    for (const hostname of await repositories.routes.bumpDesired(id)) {
      await repositories.enqueue(publishMessage(hostname, requestId));
    }
  }
  await repositories.enqueue(teardownMessage(project.id, requestId));
}
