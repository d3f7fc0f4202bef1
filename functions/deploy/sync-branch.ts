import type { Context } from '@miaobu/shared/kernel/context';
import { skipMarkerIn } from '@miaobu/shared/kernel/skip-marker';
import type { ReadGithubToken } from '@miaobu/shared/model/account/read-github-token';
import { queueDeployment } from '@miaobu/shared/model/deployment/queue-deployment';
import { branchSyncMessage } from '@miaobu/shared/model/environment/branch-sync-message';
import type { Environment } from '@miaobu/shared/model/environment/environment-repository';
import type { Conclusion, TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Project } from '@miaobu/shared/model/project/project';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { CodeCommit, CodeHost } from '@miaobu/shared/ports/code-host';

export interface Deps {
  readonly store: Pick<Store, 'environments' | 'projects' | 'deployments'>;
  readonly readGithubToken: ReadGithubToken;
  readonly codeHost: Pick<CodeHost, 'getRepository' | 'getBranchHead'>;
}

/**
 * `branch.sync`: asks the code host for the head of an environment's branch and deploys it, unless that was done or the head was
 * skipped. What finds pushes whose delivery came out of order, or never. Droppable: every branch is asked for again in its turn.
 */
export const syncBranch = (deps: Deps): TopicHandler<'branch.sync'> => ({
  droppable: true,
  async work({ environment_id: environmentId }, lease, context) {
    const before = await deps.store.environments.find(environmentId);
    const project = before && (await deps.store.projects.find(before.projectId));
    if (!before || before.disabledAt || !project) return undefined;
    const token = await deps.readGithubToken(project.userId);
    lease.assertTrusted();
    const head = await deps.codeHost.getBranchHead(token, project.repository, before.branch);
    if (!head || (await isDecided(deps.store, before, head))) {
      return (repositories) => repositories.environments.markSynced(environmentId);
    }
    // Asked in this order, the head is as new as any push until `pushedAt`; whichever of their deliveries comes late is stale.
    const repository = await deps.codeHost.getRepository(token, project.repository);
    const newest = await deps.codeHost.getBranchHead(token, project.repository, before.branch);
    if (!repository || !newest) return undefined;
    if (repository.id !== project.githubRepositoryId) {
      context.log.warn('another repository has taken the name', { repository: project.repository });
      return undefined;
    }
    const pushedAt = Math.floor((repository.pushedAt?.getTime() ?? 0) / 1000);
    return decide(project, before, { ...newest, pushedAt }, context);
  },
});

/** Whether the newest that we know of the branch is this commit: deployed (whatever became of it) or skipped. */
async function isDecided(
  { deployments }: Pick<Repositories, 'deployments'>,
  environment: Environment,
  head: CodeCommit,
): Promise<boolean> {
  if (head.sha === environment.skippedSha) return true;
  return (await deployments.findNewestOfBranch(environment.id))?.commitSha === head.sha;
}

const decide =
  (
    project: Project,
    before: Environment,
    head: CodeCommit & { readonly pushedAt: number },
    { requestId, log }: Pick<Context, 'requestId' | 'log'>,
  ): Conclusion =>
  async (repositories) => {
    const environment = await repositories.environments.lock(before.id);
    if (!(await repositories.projects.find(project.id))) return;
    // Compare-and-set against a stale read: a push came in while we asked, so ask again.
    const moved = environment.nextSeq !== before.nextSeq || environment.headSha !== before.headSha;
    if (moved || environment.branch !== before.branch || environment.disabledAt) {
      return repositories.enqueue(branchSyncMessage(before.id, requestId));
    }
    await repositories.environments.markSynced(before.id);
    if (await isDecided(repositories, environment, head)) return;
    const pushedAt = Math.max(head.pushedAt, environment.headPushedAt);
    await repositories.environments.rememberHead(before.id, { sha: head.sha, pushedAt });
    const marker = skipMarkerIn(head.message);
    if (marker !== undefined) {
      log.info('head skipped', { environmentId: before.id, commitSha: head.sha, marker });
      return repositories.environments.rememberSkipped(before.id, head.sha);
    }
    await queueDeployment(repositories, 'deploy', {
      project,
      environment,
      commit: { sha: head.sha, message: head.message, author: head.authorLogin ?? head.authorName },
      trigger: 'reconcile',
      dedupeKey: `head:${head.sha}:after${environment.nextSeq}`,
      requestId,
    });
  };
