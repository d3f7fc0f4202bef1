import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { queueHead } from '@miaobu/shared/model/deployment/queue-head';
import { isOutdated } from '@miaobu/shared/model/environment/branch-head';
import type { Environment } from '@miaobu/shared/model/environment/environment-repository';
import { connectHostnameMessage } from '@miaobu/shared/model/project/connect-hostname-message';
import type { ShownProject } from '@miaobu/shared/model/project/project-repository';
import type { Repositories } from '@miaobu/shared/model/repositories';
import { askForHead } from '../deployments/ask-for-commit.ts';
import { type Deps as QueueDeps, showQueued } from '../deployments/deploy-by-hand.ts';
import { behindPushes } from '../deployments/deploy-head.ts';
import type { Operation } from '../operation.ts';
import { findProject } from '../projects/find-project.ts';
import { presentEnvironment } from './present-environment.ts';

export type Deps = QueueDeps;

/** Enables staging, for the first time or again, and deploys the head of its branch. */
export const createEnvironment =
  (deps: Deps): Operation<'createEnvironment'> =>
  async ({ params, body }, actor, { requestId, address }) => {
    const project = await findProject(deps.store, actor, params.project);
    const head = await askForHead(deps, project, body.branch);
    const { environment, deploymentId } = await deps.store.transaction(async (repositories) => {
      const on = await switchOn(repositories, project, body);
      if (await isOutdated(repositories, on, head)) throw behindPushes();
      const hostname = deps.address.hostname(project.slug, on.name);
      if (!(await repositories.routes.find(hostname))) {
        await repositories.routes.insert({ hostname, projectId: project.id, environmentId: on.id });
      }
      await repositories.enqueue(connectHostnameMessage(project.id, hostname, requestId));
      const queued = await queueHead(repositories, 'api', {
        project,
        environment: on,
        head,
        trigger: 'manual',
        dedupeKey: `manual:after${on.nextSeq}`,
        requestId,
      });
      await repositories.auditLog.append({
        actor: showId('user', actor.user.id),
        action: 'environment.switched_on',
        subject: showId('environment', on.id),
        projectId: project.id,
        details: { environment: on.name, branch: on.branch },
        requestId,
        address,
      });
      return { environment: on, deploymentId: queued.id };
    });
    await deps.doorbell.ring(requestId);
    return {
      data: {
        ...presentEnvironment(deps.address, project, environment),
        deployment: await showQueued(deps, project.id, deploymentId),
      },
    };
  };

/** The environment, enabled and locked. */
async function switchOn(
  repositories: Repositories,
  { id: projectId }: ShownProject,
  { name, branch }: { readonly name: string; readonly branch: string },
): Promise<Environment> {
  // Its lock serializes concurrent calls, and deletion of the project.
  const production = await repositories.environments.findByName(projectId, 'production');
  if (production) await repositories.environments.lock(production.id);
  if (!(await repositories.projects.find(projectId))) throw new AppError('not_found');
  const before = await repositories.environments.findByName(projectId, name);
  if (!before) {
    const { id } = await repositories.environments.insert({ projectId, name, branch });
    return repositories.environments.lock(id);
  }
  const locked = await repositories.environments.lock(before.id);
  if (!locked.disabledAt) throw new AppError('conflict', { details: { problem: `${name} is already switched on` } });
  await repositories.environments.enable(locked.id, branch);
  return repositories.environments.lock(locked.id);
}
