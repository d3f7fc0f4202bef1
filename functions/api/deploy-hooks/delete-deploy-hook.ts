import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';
import { findProject } from '../projects/find-project.ts';

/** Revokes a deploy hook. */
export const deleteDeployHook =
  (deps: { readonly store: Pick<Store, 'projects' | 'transaction'> }): Operation<'deleteDeployHook'> =>
  async ({ params }, actor, { requestId, address }) => {
    const project = await findProject(deps.store, actor, params.project);
    const id = readId('deployHook', params.deploy_hook);
    await deps.store.transaction(async (repositories) => {
      if (id === undefined || !(await repositories.deployHooks.revoke(project.id, id))) throw new AppError('not_found');
      await repositories.auditLog.append({
        actor: showId('user', actor.user.id),
        action: 'deploy_hook.deleted',
        subject: params.deploy_hook,
        projectId: project.id,
        requestId,
        address,
      });
    });
    return { data: undefined };
  };
