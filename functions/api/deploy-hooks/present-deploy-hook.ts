import type { DeployHook as DeployHookJson } from '@miaobu/shared/contracts/deploy-hooks';
import { showId } from '@miaobu/shared/kernel/ids';
import type { DeployHook } from '@miaobu/shared/model/deploy-hook/deploy-hook-repository';

/** Field by field, so that nothing secret leaks. */
export const presentDeployHook = (hook: DeployHook): DeployHookJson => ({
  id: showId('deployHook', hook.id),
  project_id: showId('project', hook.projectId),
  environment: hook.environmentName,
  name: hook.name,
  path: `/api/v1/deploy-hooks/${showId('deployHook', hook.id)}`,
  created_at: hook.createdAt.toISOString(),
  last_used_at: hook.lastUsedAt?.toISOString() ?? null,
});
