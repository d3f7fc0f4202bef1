import OSS from 'ali-oss';
import { esaClientForTests, publishRoutine } from './esa-client-for-tests.ts';
import type { EsaEmulatorOptions } from './esa-emulator.ts';
import { startEsaForTests, TEST_SITE } from './start-esa-for-tests.ts';

const PAGES = 'pages';
const ROUTINE = 'router';

/** A site with a bucket behind `www.`, a namespace `routes`, and a routine that answers all its hosts. */
export async function startEdgeForTests(options: Partial<EsaEmulatorOptions> = {}) {
  const cloud = await startEsaForTests(options);
  const esa = await esaClientForTests(cloud.port, cloud.account.operator);
  const { client, models } = esa;
  cloud.oss.putBucket(PAGES);
  await client.createKvNamespace(new models.CreateKvNamespaceRequest({ namespace: 'routes' }));
  await client.createRoutine(new models.CreateRoutineRequest({ name: ROUTINE }));
  const bucket = new OSS({
    endpoint: cloud.ossUrl.replace('127.0.0.1', 'localhost'),
    sldEnable: true,
    authorizationV4: true,
    secure: false,
    region: `oss-${cloud.account.region}`,
    bucket: PAGES,
    ...cloud.account.operator,
  });

  return {
    ...cloud,
    get esa() {
      return cloud.esa;
    },
    client,
    models,
    publish: (code: string) => publishRoutine(esa, ROUTINE, code),
    route: (rule: string, more: object = {}) =>
      client.createRoutineRoute(
        new models.CreateRoutineRouteRequest({ siteId: cloud.siteId, routineName: ROUTINE, rule, ...more }),
      ),
    record: (label: string) =>
      client.createRecord(
        new models.CreateRecordRequest({
          siteId: cloud.siteId,
          recordName: `${label}.${TEST_SITE}`,
          type: 'CNAME',
          sourceType: 'OSS',
          data: new models.CreateRecordRequestData({ value: `${PAGES}.oss-cn-hangzhou.aliyuncs.com` }),
          authConf: new models.CreateRecordRequestAuthConf({ authType: 'private_same_account' }),
          hostPolicy: 'follow_origin_domain',
          bizName: 'web',
          proxied: true,
          ttl: 600,
        }),
      ),
    putKv: (key: string, value: string) => client.putKv(new models.PutKvRequest({ namespace: 'routes', key, value })),
    putObject: (key: string, content: Buffer | string, headers: Record<string, string> = {}) =>
      bucket.put(key, Buffer.from(content), { headers }),
    purge: (type: string, content: object, edgeComputePurge = false) =>
      client.purgeCaches(
        new models.PurgeCachesRequest({
          siteId: cloud.siteId,
          type,
          content: new models.PurgeCachesRequestContent(content),
          edgeComputePurge,
        }),
      ),
  };
}

export type EdgeForTests = Awaited<ReturnType<typeof startEdgeForTests>>;
