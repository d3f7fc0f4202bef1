import { connectHostnameMessage } from '@miaobu/shared/model/project/connect-hostname-message';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Duty } from './run-duties.ts';

const DAY_SECONDS = 24 * 60 * 60;
const LIMIT = 50;

/**
 * Duty: reconnects every hostname a day after it was last connected. Existing resources are adopted; what is missing although the ledger
 * says it is present is created again, and recorded in the audit log.
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
