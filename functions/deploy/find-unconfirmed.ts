import { connectHostnameMessage } from '@miaobu/shared/model/project/connect-hostname-message';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Duty } from './run-duties.ts';

const DAY_SECONDS = 24 * 60 * 60;
const LIMIT = 50;

/**
 * Duty: has every hostname connected once more a day after it was. What is there is adopted; what the ledger says is present and
 * is not is made again, and noted.
 */
export const findUnconfirmed =
  (deps: { readonly store: Pick<Store, 'cloudResources' | 'enqueue'> }): Duty =>
  async ({ requestId }) => {
    const unconfirmed = await deps.store.cloudResources.listUnconfirmed('edge_record', DAY_SECONDS, LIMIT);
    for (const { projectId, externalId } of unconfirmed) {
      await deps.store.enqueue(connectHostnameMessage(projectId, externalId, requestId));
    }
    return unconfirmed.length;
  };
