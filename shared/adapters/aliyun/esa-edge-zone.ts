import { AppError } from '../../kernel/app-error.ts';
import type { BeforeCall } from '../../ports/before-call.ts';
import type { EdgeZone, SiteRecord } from '../../ports/edge-zone.ts';
import { unlessAliyunCode } from './aliyun-error.ts';
import { type AliyunApiConfig, vendorCall } from './vendor-call.ts';

export interface EsaEdgeZoneConfig extends AliyunApiConfig {
  /** The ESA site (zone) of all hostnames. */
  readonly siteId: number;
}

/** How our hostnames are served: from a private bucket of the same account, through edge and cache. */
const SERVED = {
  sourceType: 'OSS',
  hostPolicy: 'follow_origin_domain',
  bizName: 'web',
  proxied: true,
  ttl: 600,
} as const;
const AUTH_TYPE = 'private_same_account';

/** ESA's answers when the record already exists; its documentation and the observed codes differ. */
const ALREADY_THERE = [
  'RecordAlreadyExist',
  'Record.Conflict',
  'Record.RecordNameConflictWithSameRecordType',
  'SameNameRecordExceedLimit',
];

/** `EdgeZone` on the records and the cache of Alibaba Cloud ESA (API 2024-09-10). */
export function esaEdgeZone(config: EsaEdgeZoneConfig): EdgeZone {
  const { siteId } = config;
  const call = vendorCall(config, async () => (await import('@alicloud/esa20240910')).default, 'edge_unavailable');

  const find = async (hostname: string, beforeCall?: BeforeCall) => {
    const filter = { siteId, recordName: hostname, recordMatchType: 'exact' };
    const { records = [] } = await call((esa, sdk) => esa.listRecords(new sdk.ListRecordsRequest(filter)), beforeCall);
    return records;
  };
  const create = async ({ hostname, originBucketDomain }: SiteRecord, beforeCall?: BeforeCall) => {
    const attempt = call(
      (esa, sdk) =>
        esa.createRecord(
          new sdk.CreateRecordRequest({
            ...SERVED,
            siteId,
            recordName: hostname,
            type: 'CNAME',
            data: new sdk.CreateRecordRequestData({ value: originBucketDomain }),
            authConf: new sdk.CreateRecordRequestAuthConf({ authType: AUTH_TYPE }),
          }),
        ),
      beforeCall,
    );
    await unlessAliyunCode(ALREADY_THERE, attempt);
  };
  const correct = (recordId: number | undefined, originBucketDomain: string, beforeCall?: BeforeCall) =>
    call(
      (esa, sdk) =>
        esa.updateRecord(
          new sdk.UpdateRecordRequest({
            ...SERVED,
            recordId,
            type: 'CNAME',
            data: new sdk.UpdateRecordRequestData({ value: originBucketDomain }),
            authConf: new sdk.UpdateRecordRequestAuthConf({ authType: AUTH_TYPE }),
          }),
        ),
      beforeCall,
    );

  return {
    async ensureSiteRecord(site, beforeCall) {
      const isMissing = (await find(site.hostname, beforeCall)).length === 0;
      if (isMissing) await create(site, beforeCall);
      const [record] = await find(site.hostname, beforeCall);
      const cname = record?.recordCname;
      if (!record || !cname)
        throw new AppError('edge_unavailable', { message: `ESA names no CNAME for ${site.hostname} yet` });
      const asWanted =
        record.data?.value === site.originBucketDomain &&
        record.authConf?.authType === AUTH_TYPE &&
        record.recordSourceType === SERVED.sourceType &&
        record.hostPolicy === SERVED.hostPolicy &&
        record.proxied === SERVED.proxied;
      if (!asWanted) await correct(record.recordId, site.originBucketDomain, beforeCall);
      return { cname, changed: isMissing || !asWanted };
    },
    async deleteSiteRecord(hostname, beforeCall) {
      for (const { recordId } of await find(hostname, beforeCall)) {
        const removal = call((esa, sdk) => esa.deleteRecord(new sdk.DeleteRecordRequest({ recordId })), beforeCall);
        await unlessAliyunCode(['Record.NotFound'], removal);
      }
    },
    async purgeHostname(hostname) {
      await call((esa, sdk) => {
        const content = new sdk.PurgeCachesRequestContent({ hostnames: [hostname] });
        return esa.purgeCaches(new sdk.PurgeCachesRequest({ siteId, type: 'hostname', content }));
      });
    },
  };
}
