import { esaEdgeStore } from '@miaobu/shared/adapters/aliyun/esa-edge-store';
import { esaEdgeZone } from '@miaobu/shared/adapters/aliyun/esa-edge-zone';
import { ossObjectStore } from '@miaobu/shared/adapters/aliyun/oss-object-store';
import { ROUTE_NAMESPACE, TABLE_NAMESPACE } from '@miaobu/shared/contracts/edge-route';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import type { EdgeZone } from '@miaobu/shared/ports/edge-zone';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import { esaClientForTests } from '../../local/aliyun/esa/esa-client-for-tests.ts';
import { startEsaForTests } from '../../local/aliyun/esa/start-esa-for-tests.ts';
import { type Emulator, listen } from '../../local/wire/emulator.ts';
import { createFaults, type Faults } from '../../local/wire/faults.ts';

/** OSS and ESA as the platform sees them: emulators behind a fault injector, called by the real adapters. */
export interface CloudUnderTest {
  readonly objectStore: ObjectStore;
  readonly edgeStore: EdgeStore;
  readonly edgeZone: EdgeZone;
  /** Services `oss` and `esa`. */
  readonly faults: Faults;
  /** Every call so far: `PUT /artifacts/projects/…` of OSS, `PutKv` of ESA. */
  readonly calls: string[];
  /** Whether the edge serves a hostname. */
  hasRecord(hostname: string): Promise<boolean>;
  close(): Promise<void>;
}

export const BUCKET = 'artifacts';

export async function startCloudUnderTest(): Promise<CloudUnderTest> {
  const esa = await startEsaForTests();
  const faults = createFaults();
  const calls: string[] = [];
  const recorded = (service: string, emulator: Pick<Emulator, 'handle'>) =>
    faults.wrap(service, {
      handle(request, response) {
        calls.push(String(request.headers['x-acs-action'] ?? `${request.method} ${request.url?.split('?')[0]}`));
        return emulator.handle(request, response);
      },
      close: () => Promise.resolve(),
    });
  esa.oss.putBucket(BUCKET);
  const ossServer = await listen(recorded('oss', esa.oss));
  const esaServer = await listen(recorded('esa', esa.esa));
  const { client, models } = await esaClientForTests(esa.port, esa.account.operator);
  for (const namespace of [ROUTE_NAMESPACE, TABLE_NAMESPACE]) {
    await client.createKvNamespace(new models.CreateKvNamespaceRequest({ namespace }));
  }
  const cloud = { region: esa.account.region, credentials: () => esa.account.operator };
  const edge = { ...cloud, endpoint: esaServer.url };
  return {
    objectStore: ossObjectStore({
      ...cloud,
      endpoint: ossServer.url.replace('127.0.0.1', 'localhost'),
      pathStyle: true,
      bucket: BUCKET,
    }),
    edgeStore: esaEdgeStore(edge),
    edgeZone: esaEdgeZone({ ...edge, siteId: esa.siteId }),
    faults,
    calls,
    async hasRecord(recordName) {
      const request = new models.ListRecordsRequest({ siteId: esa.siteId, recordName, recordMatchType: 'exact' });
      return ((await client.listRecords(request)).body?.records ?? []).length > 0;
    },
    async close() {
      await Promise.all([ossServer.close(), esaServer.close()]);
      await esa.close();
    },
  };
}
