import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import { githubTokenContext } from '@miaobu/shared/model/account/account-repository';
import { queueDeployment } from '@miaobu/shared/model/deployment/queue-deployment';
import { branchSyncMessage } from '@miaobu/shared/model/environment/branch-sync-message';
import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Store } from '@miaobu/shared/model/repositories';
import type { CodeHost } from '@miaobu/shared/ports/code-host';

export interface Deps {
  readonly store: Pick<Store, 'environments' | 'projects' | 'accounts'>;
  readonly sealer: Sealer;
  readonly codeHost: Pick<CodeHost, 'getBranchHead'>;
}

/**
 * `branch.sync`: asks the code host for the head of an environment's branch and deploys it if the newest deployment is of
 * another commit. What finds pushes whose delivery came out of order, or never.
 */
export const syncBranch = (deps: Deps): TopicHandler<'branch.sync'> => ({
  async work({ environment_id: environmentId }, lease, { requestId }) {
    const before = await deps.store.environments.find(environmentId);
    const project = before && (await deps.store.projects.find(before.projectId));
    if (!before || !project) return undefined;
    const sealed = await deps.store.accounts.findSealedGithubToken(project.userId);
    if (sealed === undefined) throw new AppError('code_host_unauthorized');
    const token = deps.sealer.open(sealed, githubTokenContext(project.userId));
    lease.assertTrusted();
    const head = await deps.codeHost.getBranchHead(token, project.repository, before.branch);
    if (!head) return undefined;

    return async (repositories) => {
      const environment = await repositories.environments.lock(environmentId);
      // Compare-and-set against a stale read: a push came in while we asked, so ask again.
      if (environment.nextSeq !== before.nextSeq)
        return repositories.enqueue(branchSyncMessage(environmentId, requestId));
      const newest = await repositories.deployments.findNewest(environmentId);
      if (newest?.commitSha === head.sha) return;
      await queueDeployment(repositories, 'deploy', {
        project,
        environment,
        commit: { sha: head.sha, message: head.message, author: head.authorLogin ?? head.authorName },
        trigger: 'reconcile',
        dedupeKey: `head:${head.sha}:after${environment.nextSeq}`,
        requestId,
      });
    };
  },
});
