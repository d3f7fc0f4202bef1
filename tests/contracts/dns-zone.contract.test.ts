import { alidnsDnsZone } from '@miaobu/shared/adapters/aliyun/alidns-dns-zone';
import type { DnsZone } from '@miaobu/shared/ports/dns-zone';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createAccount } from '../../local/aliyun/account.ts';
import { type AlidnsEmulator, createAlidnsEmulator } from '../../local/aliyun/alidns/alidns-emulator.ts';
import { type Listening, listen } from '../../local/wire/emulator.ts';
import { createFaults } from '../../local/wire/faults.ts';

const account = createAccount('dns zone contract test');
const faults = createFaults();

let alidns: AlidnsEmulator;
let server: Listening;
let zone: DnsZone;

beforeAll(async () => {
  alidns = createAlidnsEmulator({ account, stateDirectory: ':memory:', domains: ['example.com.cn'] });
  server = await listen(faults.wrap('alidns', alidns));
  zone = zoneOf('example.com.cn');
});
afterAll(async () => {
  await server.close();
  await alidns.close();
});
afterEach(() => faults.clear());

const zoneOf = (domainName: string) =>
  alidnsDnsZone({
    endpoint: server.url,
    region: 'cn-hangzhou',
    domainName,
    credentials: () => account.roleCredentials('acs:ram::1000000000000001:role/deploy'),
  });
const upsert = (hostname: string, target: string, ttlSeconds = 600) =>
  zone.upsertCname({ hostname, target, ttlSeconds });
const found = (hostname: string) => alidns.recordsOf(hostname).map(({ type, value, ttl }) => [type, value, ttl]);
const failure = (code: string) => expect.objectContaining({ name: 'AppError', code });

/** Adds a record as a person would in the console. */
async function addByHand(RR: string, type: string, value: string) {
  const { default: sdk } = await import('@alicloud/alidns20150109');
  const { $OpenApiUtil } = await import('@alicloud/openapi-core');
  const endpoint = { endpoint: `127.0.0.1:${server.port}`, protocol: 'http', regionId: 'cn-hangzhou' };
  const client = new sdk.default(new $OpenApiUtil.Config({ ...account.operator, ...endpoint }));
  const record = { domainName: 'example.com.cn', RR, type, value, TTL: 600 };
  await client.addDomainRecord(new sdk.AddDomainRecordRequest(record));
}

test('a hostname becomes an alias, later of another target, and is finally removed', async () => {
  await upsert('www.example.com.cn', 'one.example.net');
  expect(found('www.example.com.cn')).toEqual([['CNAME', 'one.example.net', 600]]);
  await upsert('www.example.com.cn', 'two.example.net', 1200);
  expect(found('www.example.com.cn')).toEqual([['CNAME', 'two.example.net', 1200]]);
  await zone.deleteCname('www.example.com.cn');
  expect(found('www.example.com.cn')).toEqual([]);
});

test('repeating a call changes nothing and is not an error, and neither is deleting again', async () => {
  expect(await upsert('same.example.com.cn', 'one.example.net')).toEqual({ changed: true });
  const [before] = alidns.recordsOf('same.example.com.cn');
  expect(await upsert('same.example.com.cn', 'One.example.net.')).toEqual({ changed: false });
  expect(alidns.recordsOf('same.example.com.cn')).toEqual([before]);
  await zone.deleteCname('same.example.com.cn');
  await zone.deleteCname('same.example.com.cn');
});

test('a lifetime alone can change', async () => {
  await upsert('lifetime.example.com.cn', 'one.example.net', 600);
  expect(await upsert('lifetime.example.com.cn', 'one.example.net', 3600)).toEqual({ changed: true });
  expect(found('lifetime.example.com.cn')).toEqual([['CNAME', 'one.example.net', 3600]]);
});

test('the domain itself, deep names and wildcards work, and a domain of two labels is not guessed', async () => {
  for (const hostname of ['example.com.cn', 'a.b.example.com.cn', '*.example.com.cn']) {
    await upsert(hostname, 'one.example.net');
    expect(found(hostname)).toHaveLength(1);
    await zone.deleteCname(hostname);
    expect(found(hostname)).toEqual([]);
  }
});

test('of several aliases one remains', async () => {
  await addByHand('many', 'CNAME', 'one.example.net');
  await addByHand('many', 'CNAME', 'two.example.net');
  await addByHand('many', 'CNAME', 'three.example.net');
  await upsert('many.example.com.cn', 'two.example.net');
  expect(found('many.example.com.cn')).toEqual([['CNAME', 'two.example.net', 600]]);
});

test('the same alias set twice at once is set once', async () => {
  await Promise.all([1, 2, 3].map(() => upsert('at-once.example.com.cn', 'one.example.net')));
  expect(found('at-once.example.com.cn')).toHaveLength(1);
});

test('records of another type are left alone: an alias beside them is refused, its deletion spares them', async () => {
  await addByHand('proof', 'TXT', 'miaobu-verification=1');
  await expect(upsert('proof.example.com.cn', 'one.example.net')).rejects.toEqual(failure('vendor_rejected'));
  await zone.deleteCname('proof.example.com.cn');
  expect(found('proof.example.com.cn')).toEqual([['TXT', 'miaobu-verification=1', 600]]);
});

test('a hostname outside of the domain never reaches the vendor', async () => {
  faults.inject({ service: 'alidns', fault: { kind: 'error', status: 500 } });
  for (const hostname of ['www.example.org', 'notexample.com.cn'])
    await expect(upsert(hostname, 'one.example.net')).rejects.toEqual(failure('invalid_request'));
});

test('a domain of another account is the operator’s to mend; a transient failure and throttling are told apart', async () => {
  await expect(zoneOf('example.org').deleteCname('www.example.org')).rejects.toEqual(failure('platform_misconfigured'));
  faults.inject({ service: 'alidns', times: 1, fault: { kind: 'error', status: 503 } });
  await expect(upsert('a.example.com.cn', 'one.example.net')).rejects.toEqual(failure('dns_unavailable'));
  faults.inject({ service: 'alidns', times: 1, fault: { kind: 'error', status: 429 } });
  await expect(upsert('a.example.com.cn', 'one.example.net')).rejects.toEqual(failure('vendor_throttled'));
});

test('an alias whose answer was lost is set once by the next try', async () => {
  faults.inject({ service: 'alidns', action: 'AddDomainRecord', times: 1, fault: { kind: 'lost-response' } });
  await expect(upsert('lost.example.com.cn', 'one.example.net')).rejects.toEqual(failure('dns_unavailable'));
  await upsert('lost.example.com.cn', 'one.example.net');
  expect(found('lost.example.com.cn')).toHaveLength(1);
});
