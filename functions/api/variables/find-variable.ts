import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId } from '@miaobu/shared/kernel/ids';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Variable } from '@miaobu/shared/model/variable/variable-repository';
import type { Actor } from '../operation.ts';
import { findProject } from '../projects/find-project.ts';

/** The variable named in the path. One of another project is not found. */
export async function findVariable(
  store: Pick<Store, 'projects' | 'variables'>,
  actor: Actor,
  params: { readonly project: string; readonly variable: string },
): Promise<Variable> {
  const project = await findProject(store, actor, params.project);
  const id = readId('variable', params.variable);
  const variable = id === undefined ? undefined : await store.variables.find(project.id, id);
  if (!variable) throw new AppError('not_found');
  return variable;
}
