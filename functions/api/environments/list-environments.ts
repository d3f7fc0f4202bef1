import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { findProject } from '../projects/find-project.ts';
import { presentEnvironment } from './present-environment.ts';

export const listEnvironments =
  (deps: {
    readonly store: Pick<Store, 'projects' | 'environments'>;
    readonly address: SiteAddress;
  }): Operation<'listEnvironments'> =>
  async ({ params }, actor) => {
    const project = await findProject(deps.store, actor, params.project);
    const environments = await deps.store.environments.listOfProject(project.id);
    return {
      data: environments
        .filter(({ disabledAt }) => disabledAt === null)
        .map((environment) => presentEnvironment(deps.address, project, environment)),
    };
  };
