import type { AccountLimits as AccountLimitsJson } from '@miaobu/shared/contracts/usage';
import type { AccountLimits } from '@miaobu/shared/model/account/account-limit-repository';

export const presentAccountLimits = (limits: AccountLimits): AccountLimitsJson => ({
  max_active_builds: limits.maxActiveBuilds,
  max_builds_per_hour: limits.maxBuildsPerHour,
  max_projects: limits.maxProjects,
  max_storage_bytes: limits.maxStorageBytes,
});
