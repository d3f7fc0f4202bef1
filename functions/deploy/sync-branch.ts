import type { Context } from '@miaobu/shared/kernel/context';
import { skipMarkerIn } from '@miaobu/shared/kernel/skip-marker';
import type { ReadGithubToken } from '@miaobu/shared/model/account/read-github-token';
import type { Deployment } from '@miaobu/shared/model/deployment/deployment';
import { queueHead } from '@miaobu/shared/model/deployment/queue-head';
import { type BranchHead, isOutdated, isOvertaken, readBranchHead } from '@miaobu/shared/model/environment/branch-head';
import { branchSyncMessage } from '@miaobu/shared/model/environment/branch-sync-message';
import type { Environment } from '@miaobu/shared/model/environment/environment-repository';
import { FOLLOW_UP_SECONDS, followUpSyncMessage } from '@miaobu/shared/model/environment/follow-up-sync-message';
import { isDecided } from '@miaobu/shared/model/environment/is-decided';
import type { Conclusion, TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Project } from '@miaobu/shared/model/project/project';
import type { Store } from '@miaobu/shared/model/repositories';
import type { CodeHost } from '@miaobu/shared/ports/code-host';

export interface Deps {
  readonly store: Pick<Store, 'environments' | 'projects' | 'deployments'>;
  readonly readGithubToken: ReadGithubToken;
  readonly codeHost: Pick<CodeHost, 'getRepository' | 'getBranchHead'>;
}

/** How long the code host is given to show a push that it has reported. */
const CATCH_UP_SECONDS = 30;

/**
 * `branch.sync`: asks the code host for the head of an environment's branch and deploys it, unless it was already deployed or skipped,
 * or may be skipped now. Finds pushes whose delivery came out of order, or never. Droppable: every branch is synced again periodically.
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
    const newest = await deps.store.deployments.findNewestOfBranch(environmentId);
    if (!shown || isDecided(before, newest, shown.sha)) return asBefore(deps, before, newest, context);
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

/** Nothing to do; but soon after a push a stale answer looks like this, too. */
async function asBefore(
  { store }: Pick<Deps, 'store'>,
  { id }: Environment,
  newest: Deployment | undefined,
  { requestId }: Pick<Context, 'requestId'>,
): Promise<Conclusion> {
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
    const { sha } = head.commit;
    await repositories.environments.markSynced(before.id);
    const newest = await repositories.deployments.findNewestOfBranch(before.id);
    if (isDecided(environment, newest, sha)) return;
    if (mayBeSkipped(head, (parent) => isDecided(environment, newest, parent))) {
      log.info('head skipped', { environmentId: before.id, commitSha: sha });
      await repositories.environments.rememberHead(before.id, {
        sha,
        pushedAt: Math.max(head.pushedAt, environment.headPushedAt),
      });
      // What it changes is not in the answer.
      return repositories.environments.rememberSkipped(before.id, { sha, changes: true });
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

/** Whether the head asks to be skipped, and no other push is missing with it: it changes nothing but what was decided before. */
const mayBeSkipped = ({ commit, parents = [] }: BranchHead, isDecided: (sha: string) => boolean) =>
  skipMarkerIn(commit.message ?? '') !== undefined && parents.length > 0 && parents.every(isDecided);
