import { AppError } from '@miaobu/shared/kernel/app-error';
import { describeError } from '@miaobu/shared/kernel/describe-error';
import type { Log } from '@miaobu/shared/kernel/log';
import { resealMessage, rewrapMessage, SETTLED_SECONDS } from '@miaobu/shared/model/key/key-messages';
import { keyRing } from '@miaobu/shared/model/key/key-ring';
import type { RootKeys } from '@miaobu/shared/model/key/root-keys';
import type { TopicHandler } from '@miaobu/shared/model/outbox/work-outbox';
import type { Store } from '@miaobu/shared/model/repositories';

export interface Deps {
  readonly store: Pick<Store, 'keys'>;
  readonly rootKeys: RootKeys;
}

const KEYS_A_ROUND = 100;
const RESEALED_AT_ONCE = 500;

/**
 * `keys.rewrap`: rewraps ring keys under the current root key and data keys under the newest ring key, deletes unused ring keys, and
 * requests resealing for retired data keys. The work is read from the tables every time, so a crash costs a repetition. Nothing waits for
 * it: rewrapping does not change a key.
 */
export const rewrapKeys = ({ store, rootKeys }: Deps): TopicHandler<'keys.rewrap'> => ({
  async work(_, lease, { requestId, log }) {
    const ring = keyRing({ store, rootKeys });
    const ringKeys = (await store.keys.listRingKeysNotUnder(ring.rootKeyId)).map((before) => ({
      before,
      after: ring.rewrappedRingKey(before),
    }));
    const newest = await ring.newestRingKey();
    const outdated = await store.keys.listDataKeysToRewrap(KEYS_A_ROUND);
    const dataKeys = outdated.flatMap((before) =>
      unlessUnreadable(log, before.id, () => ({ before, after: ring.rewrapped(before, newest) })),
    );
    const retired = await store.keys.listRetired({ seconds: SETTLED_SECONDS, limit: RESEALED_AT_ONCE });
    lease.assertTrusted();
    return async (repositories) => {
      const { keys, enqueue } = repositories;
      for (const { before, after } of ringKeys) await keys.rewrapRingKey(before, after);
      for (const { before, after } of dataKeys) await keys.rewrapDataKey(before, after);
      if (outdated.length === KEYS_A_ROUND && dataKeys.length > 0) return enqueue(rewrapMessage(requestId));
      await keys.deleteUnusedRingKeys();
      await enqueue(...retired.map(({ id }) => resealMessage({ from: id }, requestId)));
      if (await keys.isRetiredWithin(SETTLED_SECONDS)) await enqueue(rewrapMessage(requestId, SETTLED_SECONDS));
    };
  },
});

/** A tampered key does not prevent the others from being rewrapped; it keeps its ring key. */
function unlessUnreadable<T>(log: Log, id: string, make: () => T): T[] {
  try {
    return [make()];
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'secret_unreadable') throw error;
    log.error('a data key cannot be read', { dataKeyId: id, ...describeError(error) });
    return [];
  }
}
