import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { findEnvironment } from './find-environment.ts';
import { presentEnvironment } from './present-environment.ts';

export const getEnvironment =
  (deps: {
    readonly store: Pick<Store, 'projects' | 'environments'>;
    readonly address: SiteAddress;
  }): Operation<'getEnvironment'> =>
  async ({ params }, actor) => {
    const { project, environment } = await findEnvironment(deps.store, actor, params);
    return { data: presentEnvironment(deps.address, project, environment) };
  };
