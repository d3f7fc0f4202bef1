import { showId } from '@miaobu/shared/kernel/ids';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import type { Store } from '@miaobu/shared/model/repositories';
import { sealValue } from '@miaobu/shared/model/variable/variable-value';
import type { Operation } from '../operation.ts';
import { findProject } from '../projects/find-project.ts';
import { changeVariables } from './change-variables.ts';
import { presentVariable } from './present-variable.ts';
import { requireRuntimeName } from './require-runtime-name.ts';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'transaction'>;
  readonly sealer: Sealer;
}

/** Creates a variable. Nothing is deployed: existing deployments keep the variables they were built with. */
export const createVariable =
  (deps: Deps): Operation<'createVariable'> =>
  async ({ params, body }, actor, { requestId, address }) => {
    const { environment, key, scope } = body;
    requireRuntimeName('key', key, scope);
    const project = await findProject(deps.store, actor, params.project);
    const place = { projectId: project.id, environment, key };
    const sealed = sealValue(await deps.sealer.sealing(project.id), place, body.value);
    const variable = await changeVariables(deps.store, place, async (repositories) => {
      const inserted = await repositories.variables.insert({ ...place, ...sealed, scope, isSecret: body.is_secret });
      await repositories.auditLog.append({
        actor: showId('user', actor.user.id),
        action: 'variable.created',
        subject: showId('variable', inserted.id),
        projectId: project.id,
        details: { key, environment, scope, is_secret: body.is_secret },
        requestId,
        address,
      });
      return inserted;
    });
    return { data: await presentVariable(deps.sealer, variable) };
  };
