import { invalidFields } from '@miaobu/shared/kernel/invalid-fields';
import type { VariableScope } from '@miaobu/shared/model/variable/variable-repository';

/** Function Compute refuses names that begin with `_`; builds accept them. */
export function requireRuntimeName(field: string, key: string, scope: VariableScope): void {
  if (scope === 'build' || !key.startsWith('_')) return;
  const message = 'begins with _, which Function Compute takes for builds only: give it the scope build';
  throw invalidFields('body', [{ path: [field], message }]);
}
