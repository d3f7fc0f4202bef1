import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { pageOf, readCursor } from '../page-of.ts';
import { projectsOf } from './find-project.ts';
import { presentProject } from './present-project.ts';

export const listProjects =
  (deps: { readonly store: Pick<Store, 'projects'>; readonly address: SiteAddress }): Operation<'listProjects'> =>
  async ({ query }, { user, credential }) => {
    const beforeId = readCursor('project', query.cursor);
    const found = await deps.store.projects.listOwned(user.id, {
      limit: query.limit + 1,
      beforeId,
      onlyIds: projectsOf(credential),
      holding: query.q,
    });
    const { rows, nextCursor } = pageOf('project', found, query.limit);
    return { data: rows.map((project) => presentProject(deps.address, project)), nextCursor };
  };
