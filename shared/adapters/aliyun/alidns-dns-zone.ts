import { AppError } from '../../kernel/app-error.ts';
import type { DnsZone } from '../../ports/dns-zone.ts';
import { unlessAliyunCode } from './aliyun-error.ts';
import { type AliyunApiConfig, vendorCall } from './vendor-call.ts';

export interface AlidnsDnsZoneConfig extends AliyunApiConfig {
  /** The domain as registered in Alibaba Cloud DNS. Configured, never derived: the last two labels of `a.com.cn` are not a domain. */
  readonly domainName: string;
}

/** Another caller was a moment earlier. */
const ALREADY_SO = ['DomainRecordDuplicate'];
const ALREADY_GONE = ['DomainRecordNotBelongToUser'];

/** `DnsZone` on Alibaba Cloud DNS (API 2015-01-09). */
export function alidnsDnsZone(config: AlidnsDnsZoneConfig): DnsZone {
  const { domainName } = config;
  const call = vendorCall(config, async () => (await import('@alicloud/alidns20150109')).default, 'dns_unavailable');

  /** The name relative to the domain, as Alibaba Cloud DNS expects it. */
  const hostRecord = (hostname: string) => {
    if (hostname === domainName) return '@';
    if (hostname.endsWith(`.${domainName}`)) return hostname.slice(0, -domainName.length - 1);
    throw new AppError('invalid_request', { message: `${hostname} is not in ${domainName}` });
  };

  return {
    async upsertCname({ hostname, target, ttlSeconds }, beforeCall) {
      const wanted = { RR: hostRecord(hostname), type: 'CNAME', value: target, TTL: ttlSeconds };
      const filter = { subDomain: hostname, domainName, type: 'CNAME', pageSize: 100 };
      const { domainRecords } = await call(
        (dns, sdk) => dns.describeSubDomainRecords(new sdk.DescribeSubDomainRecordsRequest(filter)),
        beforeCall,
      );
      const existing = domainRecords?.record ?? [];
      const kept = existing.find(({ value }) => sameName(value, target)) ?? existing[0];
      if (!kept) {
        await unlessAliyunCode(
          ALREADY_SO,
          call(
            (dns, sdk) => dns.addDomainRecord(new sdk.AddDomainRecordRequest({ ...wanted, domainName })),
            beforeCall,
          ),
        );
        return { changed: true };
      }
      const isDifferent = !sameName(kept.value, target) || kept.TTL !== ttlSeconds;
      if (isDifferent) {
        const request = { ...wanted, recordId: kept.recordId };
        await unlessAliyunCode(
          ALREADY_SO,
          call((dns, sdk) => dns.updateDomainRecord(new sdk.UpdateDomainRecordRequest(request)), beforeCall),
        );
      }
      for (const { recordId } of existing) {
        if (recordId === kept.recordId) continue;
        await unlessAliyunCode(
          ALREADY_GONE,
          call((dns, sdk) => dns.deleteDomainRecord(new sdk.DeleteDomainRecordRequest({ recordId })), beforeCall),
        );
      }
      return { changed: isDifferent || existing.length > 1 };
    },
    async deleteCname(hostname) {
      const request = { domainName, RR: hostRecord(hostname), type: 'CNAME' };
      await call((dns, sdk) => dns.deleteSubDomainRecords(new sdk.DeleteSubDomainRecordsRequest(request)));
    },
  };
}

const sameName = (a: string | undefined, b: string) =>
  a?.replace(/\.$/, '').toLowerCase() === b.replace(/\.$/, '').toLowerCase();
