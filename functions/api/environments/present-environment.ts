import type { Environment as EnvironmentJson } from '@miaobu/shared/contracts/environments';
import { showId } from '@miaobu/shared/kernel/ids';
import type { Environment } from '@miaobu/shared/model/environment/environment-repository';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';

/** Field by field, so that nothing internal leaks. */
export const presentEnvironment = (
  address: SiteAddress,
  project: { readonly slug: string },
  environment: Environment,
): EnvironmentJson => ({
  id: showId('environment', environment.id),
  project_id: showId('project', environment.projectId),
  name: environment.name,
  branch: environment.branch,
  url: address.url(project.slug, environment.name),
  current_deployment_id:
    environment.currentDeploymentId === null ? null : showId('deployment', environment.currentDeploymentId),
  auto_promote: environment.autoPromote,
  created_at: environment.createdAt.toISOString(),
  updated_at: environment.updatedAt.toISOString(),
});
