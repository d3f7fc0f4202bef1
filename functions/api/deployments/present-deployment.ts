import type { Deployment as DeploymentJson } from '@miaobu/shared/contracts/shown-deployment';
import { showId } from '@miaobu/shared/kernel/ids';
import { shownStatus } from '@miaobu/shared/model/deployment/deployment-lifecycle';
import type { ShownDeployment } from '@miaobu/shared/model/deployment/shown-deployments-repository';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';

const time = (date: Date | null) => date?.toISOString() ?? null;

/** Field by field, so that nothing secret leaks. */
export const presentDeployment = (address: SiteAddress, deployment: ShownDeployment): DeploymentJson => ({
  id: showId('deployment', deployment.id),
  project_id: showId('project', deployment.projectId),
  environment: deployment.environmentName,
  status: shownStatus(deployment.status),
  reason: deployment.reason,
  reason_message: deployment.reasonMessage,
  current: deployment.current,
  pinned: deployment.pinnedAt !== null,
  trigger: deployment.trigger,
  branch: deployment.branch,
  commit_sha: deployment.commitSha,
  commit_message: deployment.commitMessage,
  commit_author: deployment.commitAuthor,
  url: address.url(deployment.projectSlug, deployment.environmentName),
  queue_position: deployment.queuePosition,
  attempt: deployment.attempt,
  files: deployment.files,
  bytes: deployment.bytes,
  build_seconds: deployment.buildSeconds,
  created_at: deployment.createdAt.toISOString(),
  activated_at: time(deployment.activatedAt),
  published_at: time(deployment.publishedAt),
  live_everywhere_at: time(deployment.liveEverywhereAt),
  finished_at: time(deployment.finishedAt),
});
