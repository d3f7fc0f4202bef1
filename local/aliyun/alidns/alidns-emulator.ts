import { AcsError } from '../../wire/acs3.ts';
import type { Emulator } from '../../wire/emulator.ts';
import type { Account } from '../account.ts';
import { createRpcService, type RpcAction, type RpcParameters } from '../esa/rpc-service.ts';
import { type DnsRecord, openDnsRecords } from './dns-records.ts';
import { checkRecord } from './record-checks.ts';

export interface AlidnsEmulatorOptions {
  readonly account: Account;
  /** A directory, or `:memory:`. */
  readonly stateDirectory: string;
  /** The domains the account owns. */
  readonly domains: readonly string[];
}

export interface AlidnsEmulator extends Emulator {
  /** What a resolver would find under a full name, for a DNS responder of the local cloud. */
  recordsOf(hostname: string): DnsRecord[];
}

/** Alibaba Cloud DNS (API 2015-01-09): the records of some domains, with the real one's errors. The state is durable. */
export function createAlidnsEmulator({ account, stateDirectory, domains }: AlidnsEmulatorOptions): AlidnsEmulator {
  const records = openDnsRecords(stateDirectory);
  let lastId = 0;
  // 18 digits, beyond 2^53: a record id is a string, never a number.
  const nextId = () => {
    lastId = Math.max(lastId + 1, Date.now() * 1000);
    return `${lastId}00`;
  };
  const ownedDomain = (query: RpcParameters) => {
    const name = query.required('DomainName').toLowerCase();
    if (!domains.includes(name)) throw noSuchDomain();
    return name;
  };
  const ownedRecord = (query: RpcParameters) => {
    const record = records.byId(query.required('RecordId'));
    if (!record)
      throw new AcsError(400, 'DomainRecordNotBelongToUser', 'The DNS record does not belong to this account.');
    return record;
  };
  const save = (record: DnsRecord, before?: DnsRecord) => {
    checkRecord(record, records.at(record.domain, record.rr), before);
    records.save(record);
    return { RecordId: record.id };
  };
  const described = (query: RpcParameters, domain: string) => {
    const rr = query.required('RR').toLowerCase();
    const [type, value] = [query.required('Type').toUpperCase(), query.required('Value')];
    return { domain, rr, type, value, ttl: query.integer('TTL') ?? 600 };
  };
  /** The longest owned domain that contains a name, and the rest of the name. */
  const locate = (hostname: string, among: readonly string[] = domains) => {
    const inside = among.filter((domain) => hostname === domain || hostname.endsWith(`.${domain}`));
    const domain = inside.sort((a, b) => b.length - a.length)[0];
    if (domain === undefined) return undefined;
    return { domain, rr: hostname === domain ? '@' : hostname.slice(0, -domain.length - 1) };
  };

  const actions: Record<string, RpcAction> = {
    AddDomainRecord: {
      method: 'POST',
      run: ({ query }) => save({ id: nextId(), ...described(query, ownedDomain(query)) }),
    },
    UpdateDomainRecord: {
      method: 'POST',
      run({ query }) {
        const before = ownedRecord(query);
        return save({ id: before.id, ...described(query, before.domain) }, before);
      },
    },
    DescribeSubDomainRecords: {
      method: 'POST',
      run({ query }) {
        const name = query.required('SubDomain').toLowerCase();
        const place = locate(name, query.optional('DomainName') === undefined ? domains : [ownedDomain(query)]);
        if (!place) throw noSuchDomain();
        const [page, size] = [query.integer('PageNumber') ?? 1, query.integer('PageSize') ?? 20];
        if (page < 1 || size < 1 || size > 500)
          throw new AcsError(400, 'InvalidPageSize', 'Specified parameter PageSize is not valid.');
        const type = query.optional('Type')?.toUpperCase();
        const found = records.at(place.domain, place.rr).filter((record) => type === undefined || record.type === type);
        return {
          DomainRecords: { Record: found.slice((page - 1) * size, page * size).map(describe) },
          TotalCount: found.length,
          PageNumber: page,
          PageSize: size,
        };
      },
    },
    DeleteDomainRecord: {
      method: 'POST',
      run({ query }) {
        const { id } = ownedRecord(query);
        records.delete(id);
        return { RecordId: id };
      },
    },
    DeleteSubDomainRecords: {
      method: 'POST',
      run({ query }) {
        const [domain, rr] = [ownedDomain(query), query.required('RR').toLowerCase()];
        const type = query.optional('Type')?.toUpperCase();
        const doomed = records.at(domain, rr).filter((record) => type === undefined || record.type === type);
        for (const { id } of doomed) records.delete(id);
        return { RR: rr, TotalCount: String(doomed.length) };
      },
    },
  };

  return {
    handle: createRpcService(account, '2015-01-09', actions),
    recordsOf(hostname) {
      const place = locate(hostname.toLowerCase());
      return place ? records.at(place.domain, place.rr) : [];
    },
    close: async () => records.close(),
  };
}

const noSuchDomain = () => new AcsError(400, 'InvalidDomainName.NoExist', 'The specified domain name does not exist.');

const describe = (record: DnsRecord) => ({
  DomainName: record.domain,
  RecordId: record.id,
  RR: record.rr,
  Type: record.type,
  Value: record.value,
  TTL: record.ttl,
  Line: 'default',
  Status: 'ENABLE',
  Locked: false,
  Weight: 1,
});
