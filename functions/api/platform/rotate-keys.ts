import { AppError } from '@miaobu/shared/kernel/app-error';
import { readId, showId } from '@miaobu/shared/kernel/ids';
import { invalidFields } from '@miaobu/shared/kernel/invalid-fields';
import type { RingSealer } from '@miaobu/shared/model/key/create-sealer';
import { FIRST_VERSION, resealMessage, rewrapMessage, SETTLED_SECONDS } from '@miaobu/shared/model/key/key-messages';
import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import type { Operation } from '../operation.ts';
import { presentKeys, type Deps as ShowDeps } from './get-keys.ts';

export interface Deps {
  readonly store: ShowDeps['store'] & Pick<Store, 'transaction'>;
  readonly sealer: ShowDeps['sealer'] & Pick<RingSealer, 'assertOpens' | 'forgetKeys'>;
  readonly doorbell: Doorbell;
}

/** Retires keys, and requests the resealing; `deploy` does the rest. The next stored secret gets a new key. */
export const rotateKeys =
  (deps: Deps): Operation<'rotateKeys'> =>
  async ({ body: { what, project } }, { user }, { requestId, address }) => {
    if (project !== undefined && what !== 'data_keys') {
      throw invalidFields('body', [{ path: ['project'], message: 'only data keys are of a project' }]);
    }
    // With a wrong root key the work could not even start.
    await deps.sealer.assertOpens();
    await deps.store.transaction(async (repositories) => {
      const projectId = project === undefined ? undefined : await findId(repositories, project);
      const retired = await retire(repositories, what, projectId, requestId);
      await repositories.auditLog.append({
        actor: showId('user', user.id),
        action: 'keys.rotated',
        subject: projectId === undefined ? 'keys' : showId('project', projectId),
        details: { what, ...(retired === undefined ? {} : { retired }) },
        requestId,
        address,
      });
    });
    deps.sealer.forgetKeys();
    await deps.doorbell.ring(requestId);
    return { data: await presentKeys(deps) };
  };

async function findId({ projects }: Repositories, shown: string): Promise<string> {
  const id = readId('project', shown);
  const project = id === undefined ? undefined : await projects.find(id);
  if (!project) throw new AppError('not_found');
  return project.id;
}

/** How many data keys were retired, if these were requested. */
async function retire(
  { keys, enqueue }: Repositories,
  what: 'root_key' | 'ring_key' | 'data_keys',
  projectId: string | undefined,
  requestId: string,
): Promise<number | undefined> {
  switch (what) {
    case 'root_key':
      await enqueue(rewrapMessage(requestId), resealMessage({ from: FIRST_VERSION }, requestId));
      return undefined;
    case 'ring_key':
      await keys.retireRingKey();
      await enqueue(rewrapMessage(requestId));
      return undefined;
    case 'data_keys': {
      const retired = await keys.retireDataKeys(projectId);
      await enqueue(rewrapMessage(requestId, SETTLED_SECONDS));
      return retired;
    }
  }
}
