import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { findDeployment } from './find-deployment.ts';
import { presentDeployment } from './present-deployment.ts';

export const getDeployment =
  (deps: {
    readonly store: Pick<Store, 'projects' | 'shownDeployments'>;
    readonly address: SiteAddress;
  }): Operation<'getDeployment'> =>
  async ({ params }, actor) => ({
    data: presentDeployment(deps.address, await findDeployment(deps.store, actor, params)),
  });
