import type { Repositories, Store } from '@miaobu/shared/model/repositories';
import { requireRoom } from '@miaobu/shared/model/variable/require-room';

/** Changes an environment's variables atomically, serialized with other changes, and only within its limits. */
export const changeVariables = <T>(
  store: Pick<Store, 'transaction'>,
  { projectId, environment }: { readonly projectId: string; readonly environment: string },
  change: (repositories: Repositories) => Promise<T>,
): Promise<T> =>
  store.transaction(async (repositories) => {
    await repositories.variables.lock(projectId);
    const before = await repositories.variables.usage(projectId, environment);
    const changed = await change(repositories);
    requireRoom(before, await repositories.variables.usage(projectId, environment));
    return changed;
  });
