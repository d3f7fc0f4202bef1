import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import { githubTokenContext } from '@miaobu/shared/model/account/account-repository';
import { branchSyncMessage } from '@miaobu/shared/model/environment/branch-sync-message';
import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import { hookUrl } from '@miaobu/shared/model/project/hook-url';
import { webhookSecretContext } from '@miaobu/shared/model/project/project';
import type { Store } from '@miaobu/shared/model/repositories';
import type { CodeHost } from '@miaobu/shared/ports/code-host';

export interface Deps {
  readonly store: Pick<Store, 'transaction' | 'projects' | 'accounts'>;
  readonly sealer: Sealer;
  readonly codeHost: Pick<CodeHost, 'createPushHook'>;
  readonly controlOrigin: string;
}

/** `hook.connect`: registers the push hook of a project, and asks for the branch's head: a push may have come before the hook. */
export const connectHook = (deps: Deps): TopicHandler<'hook.connect'> => ({
  async work({ project_id: projectId }, lease, { requestId }) {
    const project = await deps.store.projects.find(projectId);
    if (!project) return undefined;
    const url = hookUrl(deps.controlOrigin, projectId);
    await deps.store.transaction((repositories) =>
      repositories.cloudResources.intend({ kind: 'push_hook', externalId: url, projectId }),
    );
    const sealed = await deps.store.accounts.findSealedGithubToken(project.userId);
    if (sealed === undefined) throw new AppError('code_host_unauthorized');
    const token = await deps.sealer.open(sealed, githubTokenContext(project.userId));
    const secret = await deps.sealer.open(project.webhookSecretSealed, webhookSecretContext(projectId));
    lease.assertTrusted();
    const { id } = await deps.codeHost.createPushHook(token, project.repository, { url, secret });
    return async (repositories) => {
      await repositories.projects.setHook(projectId, id);
      await repositories.cloudResources.confirm('push_hook', url);
      for (const environment of await repositories.environments.listOfProject(projectId)) {
        await repositories.enqueue(branchSyncMessage(environment.id, requestId));
      }
    };
  },
});
