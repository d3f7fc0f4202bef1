import { storedStatuses } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { pageOf, readCursor } from '../page-of.ts';
import { findProject } from '../projects/find-project.ts';
import { presentDeployment } from './present-deployment.ts';

export const listDeployments =
  (deps: {
    readonly store: Pick<Store, 'projects' | 'environments' | 'shownDeployments'>;
    readonly address: SiteAddress;
  }): Operation<'listDeployments'> =>
  async ({ params, query }, actor) => {
    const project = await findProject(deps.store, actor, params.project);
    const beforeId = readCursor('deployment', query.cursor);
    const environment = query.environment && (await deps.store.environments.findByName(project.id, query.environment));
    // There is no such environment, so it has no deployments.
    if (query.environment !== undefined && !environment) return { data: [], nextCursor: null };
    const found = await deps.store.shownDeployments.list(project.id, {
      limit: query.limit + 1,
      beforeId,
      filter: {
        environmentId: environment ? environment.id : undefined,
        statuses: query.status && storedStatuses(query.status),
        branch: query.branch,
        commitSha: query.commit,
        trigger: query.trigger,
      },
    });
    const { rows, nextCursor } = pageOf('deployment', found, query.limit);
    return { data: rows.map((deployment) => presentDeployment(deps.address, deployment)), nextCursor };
  };
