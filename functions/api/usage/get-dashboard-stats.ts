import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { projectsOf } from '../projects/find-project.ts';

export const getDashboardStats =
  (deps: { readonly store: Pick<Store, 'usage'> }): Operation<'getDashboardStats'> =>
  async (_request, { user, credential }) => {
    const stats = await deps.store.usage.stats(user.id, projectsOf(credential));
    return {
      data: {
        projects: stats.projects,
        active_deployments: stats.activeDeployments,
        builds_this_month: stats.buildsThisMonth,
      },
    };
  };
