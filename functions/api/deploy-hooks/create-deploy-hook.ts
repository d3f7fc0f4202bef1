import { AppError } from '@miaobu/shared/kernel/app-error';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { randomToken, showId } from '@miaobu/shared/kernel/ids';
import type { Store } from '@miaobu/shared/model/repositories';
import { findEnvironment, lockEnvironment } from '../environments/find-environment.ts';
import type { Operation } from '../operation.ts';
import { presentDeployHook } from './present-deploy-hook.ts';

const MOST_HOOKS = 20;

/** Creates a deploy hook. Its secret is available only here, once. */
export const createDeployHook =
  (deps: { readonly store: Pick<Store, 'projects' | 'environments' | 'transaction'> }): Operation<'createDeployHook'> =>
  async ({ params, body }, actor, { requestId, address }) => {
    const { project, environment } = await findEnvironment(deps.store, actor, { ...params, ...body });
    const secret = `mbh_${randomToken()}`;
    const hook = await deps.store.transaction(async (repositories) => {
      await lockEnvironment(repositories, environment.id);
      if ((await repositories.deployHooks.count(project.id)) >= MOST_HOOKS) {
        throw new AppError('limit_reached', { details: { limit: 'deploy_hooks', max: MOST_HOOKS } });
      }
      const inserted = await repositories.deployHooks.insert({
        projectId: project.id,
        environmentId: environment.id,
        name: body.name,
        secretSha256: sha256(secret),
      });
      await repositories.auditLog.append({
        actor: showId('user', actor.user.id),
        action: 'deploy_hook.created',
        subject: showId('deployHook', inserted.id),
        projectId: project.id,
        details: { name: body.name, environment: environment.name },
        requestId,
        address,
      });
      return inserted;
    });
    return { data: { ...presentDeployHook(hook), secret } };
  };
