import type { KeyState } from '@miaobu/shared/contracts/keys';
import type { RingSealer } from '@miaobu/shared/model/key/create-sealer';
import { sealedColumns } from '@miaobu/shared/model/key/sealed-columns';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Operation } from '../operation.ts';

export interface Deps {
  readonly store: Pick<Store, 'keys' | 'sealedValues'>;
  readonly sealer: Pick<RingSealer, 'rootKeyId'>;
}

const FIRST = { beginning: 'v1.', projectId: null };

export async function presentKeys({ store, sealer }: Deps): Promise<KeyState> {
  const ringKeys = await store.keys.listRingKeys();
  const dataKeys = await store.keys.countDataKeys();
  let underRoot = 0;
  for (const column of sealedColumns) underRoot += await store.sealedValues.count(column, FIRST);
  const isOld = ringKeys.some(({ retiredAt, rootKeyId }) => retiredAt !== null || rootKeyId !== sealer.rootKeyId);
  return {
    root_key: sealer.rootKeyId,
    ring_keys: ringKeys.map(({ rootKeyId, createdAt, retiredAt, dataKeys: wrapped }) => ({
      root_key: rootKeyId,
      created_at: createdAt.toISOString(),
      retired_at: retiredAt?.toISOString() ?? null,
      data_keys: wrapped,
    })),
    data_keys: {
      active: dataKeys.active,
      retired: dataKeys.retired,
      oldest_active_at: dataKeys.oldestActiveAt?.toISOString() ?? null,
    },
    values_under_root_key: underRoot,
    settled: !isOld && dataKeys.retired === 0 && underRoot === 0,
  };
}

export const getKeys =
  (deps: Deps): Operation<'getKeys'> =>
  async () => ({ data: await presentKeys(deps) });
