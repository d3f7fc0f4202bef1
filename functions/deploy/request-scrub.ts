import type { Store } from '@miaobu/shared/model/repositories';
import { scrubMessage } from '@miaobu/shared/model/route/scrub-message';
import type { Duty } from './run-duties.ts';

/** Duty: requests a comparison of Edge KV with the database. It is a message, so that every external call is under a lease. */
export const requestScrub =
  (deps: { readonly store: Pick<Store, 'enqueue'> }): Duty =>
  async ({ requestId }) => {
    await deps.store.enqueue(scrubMessage(requestId));
    return 1;
  };
