import { AppError } from '../../kernel/app-error.ts';
import type { EdgeEntry, EdgeStore } from '../../ports/edge-store.ts';
import { aliyunErrorCode, unlessAliyunCode } from './aliyun-error.ts';
import { type AliyunApiConfig, vendorCall } from './vendor-call.ts';

/** A batch is at most 2 MB as JSON; this leaves room for the brackets. */
const MAX_BATCH_BYTES = 1_900_000;
const MISSING_KEY = 'InvalidKey.NotFound';
/** The maximum page size. */
const KEYS_A_PAGE = 100;
/** Pages beyond it cannot be requested. */
const MAX_LISTED = 50_000;

/** `EdgeStore` on the Edge KV of Alibaba Cloud ESA (API 2024-09-10). */
export function esaEdgeStore(config: AliyunApiConfig): EdgeStore {
  const call = vendorCall(config, async () => (await import('@alicloud/esa20240910')).default, 'edge_unavailable');

  const put: EdgeStore['put'] = async (namespace, key, value) => {
    await call((esa, sdk) => esa.putKv(new sdk.PutKvRequest({ namespace, key, value })));
  };
  return {
    put,
    async putMany(namespace, entries) {
      for (const batch of batches(entries)) {
        const [only] = batch;
        if (batch.length === 1 && only) {
          await put(namespace, only.key, only.value);
          continue;
        }
        const { failKeys = [] } = await call((esa, sdk) => {
          const kvList = batch.map((entry) => new sdk.BatchPutKvRequestKvList({ ...entry }));
          return esa.batchPutKv(new sdk.BatchPutKvRequest({ namespace, kvList }));
        });
        // Without a reason. Our keys and values are valid by construction, so another try may store them.
        if (failKeys.length > 0) {
          const some = `${failKeys.length} of ${batch.length} keys, such as ${failKeys[0]}`;
          throw new AppError('edge_unavailable', { message: `Edge KV did not take ${some}` });
        }
      }
    },
    async get(namespace, key) {
      try {
        const { value } = await call((esa, sdk) => esa.getKv(new sdk.GetKvRequest({ namespace, key })));
        return value ?? '';
      } catch (error) {
        if (error instanceof AppError && aliyunErrorCode(error.cause) === MISSING_KEY) return undefined;
        throw error;
      }
    },
    async delete(namespace, key) {
      await unlessAliyunCode(
        [MISSING_KEY],
        call((esa, sdk) => esa.deleteKv(new sdk.DeleteKvRequest({ namespace, key }))),
      );
    },
    async list(namespace, prefix, cursor = '1') {
      const pageNumber = Number(cursor);
      const asked = { namespace, pageNumber, pageSize: KEYS_A_PAGE, ...(prefix === '' ? {} : { prefix }) };
      const { keys = [], totalCount = 0 } = await call((esa, sdk) => esa.listKvs(new sdk.ListKvsRequest(asked)));
      const listed = pageNumber * KEYS_A_PAGE;
      const more = totalCount > listed;
      return {
        keys: keys.map(({ name, updateTime }) => ({ key: name ?? '', updatedAt: new Date(updateTime ?? Date.now()) })),
        ...(more && listed < MAX_LISTED ? { nextCursor: String(pageNumber + 1) } : {}),
        truncated: more && listed >= MAX_LISTED,
      };
    },
  };
}

/** Splits entries into batches that each fit one call; an entry too large for any gets its own. */
function batches(entries: readonly EdgeEntry[]): EdgeEntry[][] {
  const result: EdgeEntry[][] = [];
  let room = 0;
  for (const entry of entries) {
    const size = Buffer.byteLength(JSON.stringify({ Key: entry.key, Value: entry.value })) + 1;
    if (size > room) {
      result.push([]);
      room = MAX_BATCH_BYTES;
    }
    result.at(-1)?.push(entry);
    room -= size;
  }
  return result;
}
