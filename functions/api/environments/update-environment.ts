import { showId } from '@miaobu/shared/kernel/ids';
import { changeBranch } from '@miaobu/shared/model/environment/change-branch';
import type { Environment } from '@miaobu/shared/model/environment/environment-repository';
import { switchEnvironment } from '@miaobu/shared/model/environment/switch-environment';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import { assertUnchanged } from '../etag.ts';
import type { Operation } from '../operation.ts';
import { findEnvironment, lockEnvironment } from './find-environment.ts';
import { presentEnvironment } from './present-environment.ts';

export interface Deps {
  readonly store: Pick<Store, 'projects' | 'environments' | 'transaction'>;
  readonly doorbell: Doorbell;
  readonly address: SiteAddress;
}

/** Changes the branch an environment follows, and whether its builds go live by themselves. */
export const updateEnvironment =
  (deps: Deps): Operation<'updateEnvironment'> =>
  async ({ params, headers, body }, actor, { requestId, address }) => {
    const { project, environment: found } = await findEnvironment(deps.store, actor, params);
    const present = (environment: Environment) => presentEnvironment(deps.address, project, environment);
    const updated = await deps.store.transaction(async (repositories) => {
      const environment = await lockEnvironment(repositories, found.id);
      assertUnchanged(headers['if-match'], present(environment));
      if (body.branch !== undefined) await changeBranch(repositories, environment, body.branch, requestId);
      if (body.auto_promote !== undefined) {
        await setAutoPromote(repositories, environment, body.auto_promote, requestId);
      }
      await repositories.auditLog.append({
        actor: showId('user', actor.user.id),
        action: 'environment.updated',
        subject: showId('environment', environment.id),
        projectId: project.id,
        details: { ...body, environment: environment.name },
        requestId,
        address,
      });
      return repositories.environments.lock(environment.id);
    });
    await deps.doorbell.ring(requestId);
    return { data: present(updated) };
  };

/** Once promotion is automatic again, the newest held deployment goes live. A manually replaced one does not come back. */
async function setAutoPromote(
  repositories: Repositories,
  environment: Environment,
  autoPromote: boolean,
  requestId: string,
): Promise<void> {
  if (autoPromote === environment.autoPromote) return;
  await repositories.environments.change(environment.id, { autoPromote });
  const held = autoPromote && (await repositories.deployments.lockNewestHeld(environment));
  if (held) await switchEnvironment(repositories, 'api', { environment, deployment: held, requestId });
}
