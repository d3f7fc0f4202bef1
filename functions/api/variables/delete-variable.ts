import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { changeVariables } from './change-variables.ts';
import { findVariable } from './find-variable.ts';

export const deleteVariable =
  (deps: { readonly store: Pick<Store, 'projects' | 'variables' | 'transaction'> }): Operation<'deleteVariable'> =>
  async ({ params }, actor, { requestId, address }) => {
    const found = await findVariable(deps.store, actor, params);
    await changeVariables(deps.store, found, async (repositories) => {
      if (!(await repositories.variables.find(found.projectId, found.id))) throw new AppError('not_found');
      await repositories.variables.delete(found.id);
      await repositories.auditLog.append({
        actor: showId('user', actor.user.id),
        action: 'variable.deleted',
        subject: showId('variable', found.id),
        projectId: found.projectId,
        details: { key: found.key, environment: found.environment },
        requestId,
        address,
      });
    });
    return { data: undefined };
  };
