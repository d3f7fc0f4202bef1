import path from 'node:path';
import type { BuildInputs, BuildJob } from '@miaobu/shared/contracts/build-job';
import type { CachePlace } from './package-cache.ts';

/**
 * Where a build finds what earlier builds cached: `MIAOBU_CACHE` names the folder, for builds that have a scope. On GitHub Actions, which
 * starts every run with an empty disk, the workflow carries the folder from run to run, and has to be told when there is something new.
 */
export function cachePlaceOf(
  runner: NodeJS.ProcessEnv,
  { cache_scope: scope }: Pick<BuildInputs, 'cache_scope'>,
  { cache_key: key }: Pick<BuildJob, 'cache_key'>,
): CachePlace | undefined {
  const { MIAOBU_CACHE: folder, GITHUB_OUTPUT: output } = runner;
  return folder && path.isAbsolute(folder) && scope !== '' ? { folder, scope, key, output } : undefined;
}

/**
 * Where programs are kept that the runner fetched for a build: shared, so any build may use them. Only on machines that
 * keep their disk.
 */
export function keptPrograms({ MIAOBU_CACHE: folder, GITHUB_OUTPUT: output }: NodeJS.ProcessEnv): string | undefined {
  // No scope can have this name.
  return folder && path.isAbsolute(folder) && !output ? path.join(folder, '.programs') : undefined;
}
