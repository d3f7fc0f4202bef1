import { isIPv4, isIPv6 } from 'node:net';
import { AcsError } from '../../wire/acs3.ts';
import type { DnsRecord } from './dns-records.ts';

const NAME = /^(@|\*|(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*)$/;
const TARGET = /^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?\.?$/i;

/** What the free edition allows; paid ones go down to a second. */
const MIN_TTL = 600;
const MAX_TTL = 86_400;

const VALUES: Readonly<Record<string, (value: string) => boolean>> = {
  A: isIPv4,
  AAAA: isIPv6,
  CNAME: (value) => TARGET.test(value),
  TXT: (value) => value.length <= 512,
};

/**
 * Throws Alibaba Cloud DNS's error for an invalid record: malformed, the same as another (or, in an update, as
 * before), or a CNAME beside records of another type. `neighbours` are the records of the same name.
 */
export function checkRecord(record: DnsRecord, neighbours: readonly DnsRecord[], before?: DnsRecord): void {
  if (!NAME.test(record.rr)) throw new AcsError(400, 'InvalidRR.Format', 'The host record is not valid.');
  const isValid = Object.hasOwn(VALUES, record.type) ? VALUES[record.type] : undefined;
  if (!isValid) throw new AcsError(400, 'SubDomainInvalid.Type', 'The record type is not valid.');
  if (!isValid(record.value)) throw new AcsError(400, 'SubDomainInvalid.Value', 'The record value is not valid.');
  if (record.ttl < MIN_TTL || record.ttl > MAX_TTL)
    throw new AcsError(
      400,
      'QuotaExceeded.TTL',
      `The edition of the domain allows a TTL of ${MIN_TTL} to ${MAX_TTL} seconds.`,
    );

  const others = neighbours.filter(({ id }) => id !== record.id);
  const unchanged = before?.rr === record.rr && before.type === record.type && before.value === record.value;
  if (
    others.some(({ type, value }) => type === record.type && value === record.value) ||
    (unchanged && before.ttl === record.ttl)
  )
    throw new AcsError(400, 'DomainRecordDuplicate', 'The DNS record already exists.');
  if (others.some(({ type }) => (type === 'CNAME') !== (record.type === 'CNAME')))
    throw new AcsError(400, 'DomainRecordConflict', 'The DNS record conflicts with other records.');
}
