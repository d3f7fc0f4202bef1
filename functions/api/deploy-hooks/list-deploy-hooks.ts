import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { pageOf, readCursor } from '../page-of.ts';
import { findProject } from '../projects/find-project.ts';
import { presentDeployHook } from './present-deploy-hook.ts';

export const listDeployHooks =
  (deps: { readonly store: Pick<Store, 'projects' | 'deployHooks'> }): Operation<'listDeployHooks'> =>
  async ({ params, query }, actor) => {
    const project = await findProject(deps.store, actor, params.project);
    const beforeId = readCursor('deployHook', query.cursor);
    const found = await deps.store.deployHooks.list(project.id, { limit: query.limit + 1, beforeId });
    const { rows, nextCursor } = pageOf('deployHook', found, query.limit);
    return { data: rows.map(presentDeployHook), nextCursor };
  };
