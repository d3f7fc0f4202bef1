import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { findProject } from './find-project.ts';
import { presentProject } from './present-project.ts';

export const getProject =
  (deps: { readonly store: Pick<Store, 'projects'>; readonly address: SiteAddress }): Operation<'getProject'> =>
  async ({ params }, actor) => ({
    data: presentProject(deps.address, await findProject(deps.store, actor, params.project)),
  });
