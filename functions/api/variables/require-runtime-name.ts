import { AppError } from '@miaobu/shared/kernel/app-error';
import type { VariableScope } from '@miaobu/shared/model/variable/variable-repository';

/** Function Compute takes no name that begins with `_`; a build does. */
export function requireRuntimeName(path: string, key: string, scope: VariableScope): void {
  if (scope === 'build' || !key.startsWith('_')) return;
  const problem = 'begins with _, which Function Compute takes for builds only: give it the scope build';
  throw new AppError('invalid_request', { details: { fields: [{ path, problem }] } });
}
