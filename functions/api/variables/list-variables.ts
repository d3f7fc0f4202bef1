import type { Sealer } from '@miaobu/shared/kernel/seal';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { findProject } from '../projects/find-project.ts';
import { presentVariable } from './present-variable.ts';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'variables'>;
  readonly sealer: Sealer;
}

export const listVariables =
  (deps: Deps): Operation<'listVariables'> =>
  async ({ params, query }, actor) => {
    const { id } = await findProject(deps.store, actor, params.project);
    const found = await deps.store.variables.list(id, query.environment);
    return { data: await Promise.all(found.map((variable) => presentVariable(deps.sealer, variable))) };
  };
