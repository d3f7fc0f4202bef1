import type { Context } from '@miaobu/shared/kernel/context';
import { skipMarkerIn } from '@miaobu/shared/kernel/skip-marker';
import type { ReadGithubToken } from '@miaobu/shared/model/account/read-github-token';
import { queueHead } from '@miaobu/shared/model/deployment/queue-head';
import { type BranchHead, isOutdated, isOvertaken, readBranchHead } from '@miaobu/shared/model/environment/branch-head';
import { branchSyncMessage } from '@miaobu/shared/model/environment/branch-sync-message';
import type { Environment } from '@miaobu/shared/model/environment/environment-repository';
import { FOLLOW_UP_SECONDS, followUpSyncMessage } from '@miaobu/shared/model/environment/follow-up-sync-message';
import type { Conclusion, TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Project } from '@miaobu/shared/model/project/project';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { CodeHost } from '@miaobu/shared/ports/code-host';

export interface Deps {
  readonly store: Pick<Store, 'environments' | 'projects' | 'deployments'>;
  readonly readGithubToken: ReadGithubToken;
  readonly codeHost: Pick<CodeHost, 'getRepository' | 'getBranchHead'>;
}

/** How long the code host is given to show a push that it has reported. */
const CATCH_UP_SECONDS = 30;

/**
 * `branch.sync`: asks the code host for the head of an environment's branch and deploys it, unless it was already deployed or skipped.
 * Finds pushes whose delivery came out of order, or never. Droppable: every branch is synced again periodically.
 */
export const syncBranch = (deps: Deps): TopicHandler<'branch.sync'> => ({
  droppable: true,
  async work({ environment_id: environmentId }, lease, context) {
    const before = await deps.store.environments.find(environmentId);
    const project = before && (await deps.store.projects.find(before.projectId));
    if (!before || before.disabledAt || !project) return undefined;
    const token = await deps.readGithubToken(project.userId);
    lease.assertTrusted();
    const shown = await deps.codeHost.getBranchHead(token, project.repository, before.branch);
    if (!shown || (await isDecided(deps.store, before, shown.sha))) return asBefore(deps, before, context);
    const repository = await deps.codeHost.getRepository(token, project.repository);
    if (!repository) return undefined;
    if (repository.id !== project.githubRepositoryId) {
      context.log.warn('another repository has taken the name', { repository: project.repository });
      return undefined;
    }
    const head = await readBranchHead(deps.codeHost, token, repository, before.branch);
    return head && decide(project, before, head, context);
  },
});

/** Whether the newest known state of the branch is this commit: deployed (whatever the result) or skipped. */
async function isDecided(
  { deployments }: Pick<Repositories, 'deployments'>,
  environment: Environment,
  sha: string,
): Promise<boolean> {
  if (sha === environment.skippedSha) return true;
  return (await deployments.findNewestOfBranch(environment.id))?.commitSha === sha;
}

/** Nothing to do; but soon after a push a stale answer looks like this, too. */
async function asBefore(
  { store }: Pick<Deps, 'store'>,
  { id }: Environment,
  { requestId }: Pick<Context, 'requestId'>,
): Promise<Conclusion> {
  const newest = await store.deployments.findNewestOfBranch(id);
  const isFollowedUp = !newest || (await store.deployments.ageSeconds(newest.id)) >= FOLLOW_UP_SECONDS;
  return async (repositories) => {
    await repositories.environments.markSynced(id);
    if (!isFollowedUp) await repositories.enqueue(followUpSyncMessage(id, requestId));
  };
}

const decide =
  (
    project: Project,
    before: Environment,
    head: BranchHead,
    { requestId, log }: Pick<Context, 'requestId' | 'log'>,
  ): Conclusion =>
  async (repositories) => {
    const environment = await repositories.environments.lock(before.id);
    if (!(await repositories.projects.find(project.id))) return;
    if (isOvertaken(before, environment, head) || environment.branch !== before.branch || environment.disabledAt) {
      return repositories.enqueue(branchSyncMessage(before.id, requestId));
    }
    if (await isOutdated(repositories, environment, head)) {
      log.info('the code host does not show the last push yet', { environmentId: before.id });
      return repositories.enqueue(branchSyncMessage(before.id, requestId, CATCH_UP_SECONDS));
    }
    const { sha, message } = head.commit;
    await repositories.environments.markSynced(before.id);
    if (await isDecided(repositories, environment, sha)) return;
    const marker = skipMarkerIn(message ?? '');
    if (marker !== undefined) {
      log.info('head skipped', { environmentId: before.id, commitSha: sha, marker });
      await repositories.environments.rememberHead(before.id, {
        sha,
        pushedAt: Math.max(head.pushedAt, environment.headPushedAt),
      });
      return repositories.environments.rememberSkipped(before.id, sha);
    }
    await queueHead(repositories, 'deploy', {
      project,
      environment,
      head,
      trigger: 'reconcile',
      dedupeKey: `head:${sha}:after${environment.nextSeq}`,
      requestId,
    });
  };
