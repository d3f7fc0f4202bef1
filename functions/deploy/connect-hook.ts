import type { Sealer } from '@miaobu/shared/kernel/seal';
import type { ReadGithubToken } from '@miaobu/shared/model/account/read-github-token';
import { branchSyncMessage } from '@miaobu/shared/model/environment/branch-sync-message';
import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import { hookUrl } from '@miaobu/shared/model/project/hook-url';
import { webhookSecretContext } from '@miaobu/shared/model/project/project';
import type { Store } from '@miaobu/shared/model/repositories';
import type { CodeHost } from '@miaobu/shared/ports/code-host';

export interface Deps {
  readonly store: Pick<Store, 'transaction' | 'projects'>;
  readonly sealer: Sealer;
  readonly readGithubToken: ReadGithubToken;
  readonly codeHost: Pick<CodeHost, 'createPushHook'>;
  readonly controlOrigin: string;
}

/**
 * `hook.connect`: registers a project's push hook, or gives the existing one the current secret. Requests a branch sync, because pushes may
 * have preceded the hook, or were refused for being signed with a secret that is no longer accepted.
 */
export const connectHook = (deps: Deps): TopicHandler<'hook.connect'> => ({
  async work({ project_id: projectId }, lease, { requestId }) {
    const project = await deps.store.projects.find(projectId);
    if (!project) return undefined;
    const url = hookUrl(deps.controlOrigin, projectId);
    await deps.store.transaction((repositories) =>
      repositories.cloudResources.intend({ kind: 'push_hook', externalId: url, projectId }),
    );
    const token = await deps.readGithubToken(project.userId);
    const secret = await deps.sealer.open(project.webhookSecretSealed, webhookSecretContext(projectId));
    const hook = { url, secret };
    const { id } = await deps.codeHost.createPushHook(token, project.repository, hook, lease.assertTrusted);
    return async (repositories) => {
      await repositories.projects.setHook(projectId, id, project.webhookSecretVersion);
      await repositories.cloudResources.confirm('push_hook', url);
      for (const environment of await repositories.environments.listOfProject(projectId)) {
        await repositories.enqueue(branchSyncMessage(environment.id, requestId));
      }
    };
  },
});
