import { rewrapMessage } from '@miaobu/shared/model/key/key-messages';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Duty } from './run-duties.ts';

/** The maximum age of a key. */
const KEY_DAYS = 365;

/** Duty: retires keys after a year, and drives retired ones (by age or by an operator) to deletion. */
export const renewKeys =
  (deps: { readonly store: Pick<Store, 'transaction'> }): Duty =>
  ({ requestId }) =>
    deps.store.transaction(async ({ keys, enqueue }) => {
      const orphans = await keys.deleteOrphans();
      const retired = await keys.retireOlderThan(KEY_DAYS);
      if (await keys.isAnyRetired()) await enqueue(rewrapMessage(requestId));
      return orphans + retired;
    });
