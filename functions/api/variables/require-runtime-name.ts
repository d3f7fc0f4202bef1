import { invalidFields } from '@miaobu/shared/kernel/invalid-fields';
import type { VariableScope } from '@miaobu/shared/model/variable/variable-repository';

/** Function Compute takes no name that begins with `_`; a build does. */
export function requireRuntimeName(field: string, key: string, scope: VariableScope): void {
  if (scope === 'build' || !key.startsWith('_')) return;
  const message = 'begins with _, which Function Compute takes for builds only: give it the scope build';
  throw invalidFields('body', [{ path: [field], message }]);
}
