import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import { invalidFields } from '@miaobu/shared/kernel/invalid-fields';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import type { Store } from '@miaobu/shared/model/repositories';
import { sealValue } from '@miaobu/shared/model/variable/variable-value';
import type { Operation } from '../operation.ts';
import { changeVariables } from './change-variables.ts';
import { findVariable } from './find-variable.ts';
import { presentVariable } from './present-variable.ts';
import { requireRuntimeName } from './require-runtime-name.ts';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'variables' | 'transaction'>;
  readonly sealer: Sealer;
}

/** Changes a variable. A secret stays one unless it gets a new value; otherwise this would be a way to read it. */
export const updateVariable =
  (deps: Deps): Operation<'updateVariable'> =>
  async ({ params, body }, actor, { requestId, address }) => {
    const found = await findVariable(deps.store, actor, params);
    const seal = await deps.sealer.sealing(found.projectId);
    const variable = await changeVariables(deps.store, found, async (repositories) => {
      const before = await repositories.variables.find(found.projectId, found.id);
      if (!before) throw new AppError('not_found');
      if (before.isSecret && body.is_secret === false && body.value === undefined) {
        throw invalidFields('body', [{ path: ['is_secret'], message: 'a secret can be shown only with a new value' }]);
      }
      const scope = body.scope ?? before.scope;
      requireRuntimeName('scope', before.key, scope);
      const isSecret = body.is_secret ?? before.isSecret;
      const value = body.value === undefined ? before : sealValue(seal, before, body.value);
      const after = await repositories.variables.update(before.id, { ...value, scope, isSecret });
      await repositories.auditLog.append({
        actor: showId('user', actor.user.id),
        action: 'variable.updated',
        subject: showId('variable', before.id),
        projectId: before.projectId,
        details: {
          key: before.key,
          environment: before.environment,
          scope,
          is_secret: isSecret,
          new_value: body.value !== undefined,
        },
        requestId,
        address,
      });
      return after;
    });
    return { data: await presentVariable(deps.sealer, variable) };
  };
