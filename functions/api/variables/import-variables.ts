import { AppError } from '@miaobu/shared/kernel/app-error';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import type { Store } from '@miaobu/shared/model/repositories';
import { MAX_VARIABLES } from '@miaobu/shared/model/variable/require-room';
import type { Variable } from '@miaobu/shared/model/variable/variable-repository';
import { sealValue } from '@miaobu/shared/model/variable/variable-value';
import type { Operation } from '../operation.ts';
import { findProject } from '../projects/find-project.ts';
import { changeVariables } from './change-variables.ts';
import { parseEnvFile } from './parse-env-file.ts';
import { presentVariable } from './present-variable.ts';
import { requireRuntimeName } from './require-runtime-name.ts';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'transaction'>;
  readonly sealer: Sealer;
}

/** Sets every variable of a .env file, or none of them. */
export const importVariables =
  (deps: Deps): Operation<'importVariables'> =>
  async ({ params, body }, actor, { requestId, address }) => {
    const { environment, scope, is_secret: isSecret } = body;
    const wanted = parseEnvFile(body.content);
    for (const key of wanted.keys()) requireRuntimeName('content', key, scope);
    const { id: projectId } = await findProject(deps.store, actor, params.project);
    const seal = await deps.sealer.sealing(projectId);
    const imported = await changeVariables(deps.store, { projectId, environment }, async (repositories) => {
      const present = new Map<string, Variable>();
      for (const variable of await repositories.variables.list(projectId, environment))
        present.set(variable.key, variable);
      const exists = [...wanted.keys()].filter((key) => present.has(key));
      if (exists.length > 0 && !body.overwrite) throw new AppError('conflict', { details: { exists } });
      // Checked before thousands of statements that would be rolled back.
      const count = present.size + wanted.size - exists.length;
      if (count > MAX_VARIABLES) {
        const details = { limit: 'variables', max: MAX_VARIABLES, used: present.size, wanted: count };
        throw new AppError('variables_full', { details });
      }
      const set: Variable[] = [];
      for (const [key, value] of wanted) {
        const place = { projectId, environment, key };
        const rest = { ...sealValue(seal, place, value), scope, isSecret };
        const before = present.get(key);
        set.push(
          before
            ? await repositories.variables.update(before.id, rest)
            : await repositories.variables.insert({ ...place, ...rest }),
        );
      }
      await repositories.auditLog.append({
        actor: showId('user', actor.user.id),
        action: 'variables.imported',
        subject: showId('project', projectId),
        details: { keys: [...wanted.keys()], replaced: exists, environment, scope, is_secret: isSecret },
        requestId,
        address,
      });
      return set;
    });
    return { data: await Promise.all(imported.map((variable) => presentVariable(deps.sealer, variable))) };
  };
