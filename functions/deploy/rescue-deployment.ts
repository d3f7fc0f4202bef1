import type { Deployment } from '@miaobu/shared/model/deployment/deployment';
import { purgeMessage } from '@miaobu/shared/model/deployment/purge-message';
import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import { publishMessage } from '@miaobu/shared/model/route/publish-message';
import { type Deps as BuildDeps, rescueBuild } from './rescue-build.ts';

export type Deps = BuildDeps & { readonly store: Pick<Store, 'overdueDeployments'> };

/**
 * `deployment.rescue`: checks a deployment that is overdue or whose runner is silent. The provider is asked about the run: while it waits
 * for a machine the deployment waits, too (up to three hours), and while it runs, up to an hour. A run that is over is replaced at once,
 * unless its build is complete: then it is adopted. There are at most three attempts. An upload from a local machine cannot be retried
 * from here. Droppable: a rescue of what is still overdue is requested again within a minute.
 */
export const rescueDeployment = (deps: Deps): TopicHandler<'deployment.rescue'> => ({
  droppable: true,
  async work({ deployment_id: deploymentId }, lease, { requestId, log }) {
    // Checked again: what was overdue in one status may be within the deadline of the next by now.
    const deployment = await deps.store.overdueDeployments.find(deploymentId);
    if (!deployment) return undefined;
    switch (deployment.status) {
      case 'queued':
      case 'cloning':
      case 'building':
      case 'uploading':
        return rescueBuild(deps, { ...deployment, status: deployment.status }, lease, { requestId, log });
      case 'deploying':
        return (repositories) => resumeDeploying(repositories, deployment, requestId);
      case 'purging':
        return (repositories) => resumePurging(repositories, deployment, requestId);
      case 'deployed':
      case 'purged':
      case 'failed':
      case 'cancelled':
        return undefined;
    }
  },
});

/** Requests again what makes a deployment live; past its deadline it fails, unless it is current and only a route is missing. */
async function resumeDeploying(repositories: Repositories, found: Deployment, requestId: string): Promise<void> {
  // Under the lock that switches take: it may have become current since it was found.
  await repositories.environments.lock(found.environmentId);
  const deployment = await repositories.deployments.lock(found.id);
  if (deployment?.status !== 'deploying') return;
  if (!deployment.activatedAt) {
    const set = { reason: 'publish_stuck', reasonMessage: 'The deployment could not be published in time.' };
    await repositories.deployments.move(deployment.id, { to: 'failed', by: 'deploy', requestId, set });
    return;
  }
  await repositories.overdueDeployments.extendDeadline(deployment.id, 'deploying');
  for (const hostname of await repositories.routes.listOfEnvironment(deployment.environmentId)) {
    await repositories.enqueue(publishMessage(hostname, requestId));
  }
}

async function resumePurging(repositories: Repositories, deployment: Deployment, requestId: string): Promise<void> {
  await repositories.overdueDeployments.extendDeadline(deployment.id, 'purging');
  await repositories.enqueue(purgeMessage(deployment.id, requestId));
}
