import { rewrapMessage } from '@miaobu/shared/model/key/key-messages';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Duty } from './run-duties.ts';

/** So old a key may become. */
const KEY_DAYS = 365;

/** Duty: keys are used for a year; those that were retired, by age or by somebody, are worked on until they are gone. */
export const renewKeys =
  (deps: { readonly store: Pick<Store, 'transaction'> }): Duty =>
  ({ requestId }) =>
    deps.store.transaction(async ({ keys, enqueue }) => {
      const orphans = await keys.deleteOrphans();
      const retired = await keys.retireOlderThan(KEY_DAYS);
      if (await keys.isAnyRetired()) await enqueue(rewrapMessage(requestId));
      return orphans + retired;
    });
