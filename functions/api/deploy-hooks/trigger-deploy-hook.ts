import { timingSafeEqual } from 'node:crypto';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { sha256 } from '@miaobu/shared/kernel/hmac';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import type { DeployHook } from '@miaobu/shared/model/deploy-hook/deploy-hook-repository';
import type { Store } from '@miaobu/shared/model/repositories';
import type { ByHand, Deps as ByHandDeps } from '../deployments/deploy-by-hand.ts';
import { deployHead } from '../deployments/deploy-head.ts';
import type { Operation } from '../operation.ts';

export interface Deps extends ByHandDeps {
  readonly store: ByHandDeps['store'] & Pick<Store, 'deployHooks'>;
}

/** The hook, if the secret matches; the same refusal for an unknown hook, a deleted one and a wrong secret. */
async function authenticate(
  { deployHooks }: Pick<Store, 'deployHooks'>,
  shownId: string,
  authorization: string | undefined,
): Promise<DeployHook> {
  const [, secret] = /^Bearer\s+(mbh_[\w-]{43})$/i.exec(authorization ?? '') ?? [];
  const id = readId('deployHook', shownId);
  const hook = secret !== undefined && id !== undefined && (await deployHooks.findSecret(id));
  if (!hook || !timingSafeEqual(sha256(secret), hook.secretSha256)) throw new AppError('unauthorized');
  return hook;
}

/** Deploys the head of the branch of a hook's environment. */
export const triggerDeployHook =
  (deps: Deps): Operation<'triggerDeployHook'> =>
  async ({ params, headers }, _, { requestId, address }) => {
    const hook = await authenticate(deps.store, params.deploy_hook, headers.authorization);
    const project = await deps.store.projects.find(hook.projectId);
    const environment = await deps.store.environments.find(hook.environmentId);
    if (!project || !environment) throw new AppError('unauthorized');
    if (environment.disabledAt) throw new AppError('environment_off');
    const wanted: ByHand = {
      projectId: project.id,
      environmentId: environment.id,
      branch: environment.branch,
      trigger: 'hook',
      actor: params.deploy_hook,
      requestId,
      address,
    };
    const { id, commitSha } = await deployHead(deps, project, wanted, ({ deployHooks }) =>
      deployHooks.markUsed(hook.id),
    );
    await deps.doorbell.ring(requestId);
    return { data: { deployment_id: showId('deployment', id), commit_sha: commitSha } };
  };
