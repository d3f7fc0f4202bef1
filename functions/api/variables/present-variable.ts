import type { Variable as VariableJson } from '@miaobu/shared/contracts/variables';
import { variable as shape } from '@miaobu/shared/contracts/variables';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import type { Variable } from '@miaobu/shared/model/variable/variable-repository';
import { openValue } from '@miaobu/shared/model/variable/variable-value';

/** Field by field. A secret is not even decrypted. */
export const presentVariable = async (sealer: Sealer, variable: Variable): Promise<VariableJson> => ({
  id: showId('variable', variable.id),
  environment: shape.shape.environment.parse(variable.environment),
  key: variable.key,
  value: variable.isSecret ? null : await openValue(sealer, variable),
  is_secret: variable.isSecret,
  scope: variable.scope,
  created_at: variable.createdAt.toISOString(),
  updated_at: variable.updatedAt.toISOString(),
});
