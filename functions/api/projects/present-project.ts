import type { Project as ProjectJson } from '@miaobu/shared/contracts/projects';
import { showId } from '@miaobu/shared/kernel/ids';
import { buildSettingsOf } from '@miaobu/shared/model/project/project';
import type { ShownProject } from '@miaobu/shared/model/project/project-repository';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';

/** Field by field, so that nothing secret leaks. */
export const presentProject = (address: SiteAddress, project: ShownProject): ProjectJson => ({
  id: showId('project', project.id),
  slug: project.slug,
  name: project.name,
  repository: project.repository,
  branch: project.branch,
  url: address.url(project.slug),
  settings: buildSettingsOf(project),
  watch_paths: project.watchPaths === null ? null : [...project.watchPaths],
  current_deployment_id:
    project.currentDeploymentId === null ? null : showId('deployment', project.currentDeploymentId),
  created_at: project.createdAt.toISOString(),
  updated_at: project.updatedAt.toISOString(),
});
