import { AppError } from '../../kernel/app-error.ts';
import type { VariableUsage } from './variable-repository.ts';

export const MAX_VARIABLES = 100;
/** Function Compute's limit for all variables of a function ("Environment variables", limits). */
const RUNTIME_LIMIT_BYTES = 4096;

/** Throws `variables_full` when a change leaves an environment with more than its limit and more than before. */
export function requireRoom(before: VariableUsage, after: VariableUsage): void {
  const check = (limit: string, max: number, used: number, wanted: number) => {
    if (wanted > max && wanted > used) throw new AppError('variables_full', { details: { limit, max, used, wanted } });
  };
  check('variables', MAX_VARIABLES, before.count, after.count);
  check('runtime_bytes', RUNTIME_LIMIT_BYTES, before.runtimeBytes, after.runtimeBytes);
}
