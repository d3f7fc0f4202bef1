import { type EsaEdgeZoneConfig, esaEdgeZone } from '@miaobu/shared/adapters/aliyun/esa-edge-zone';
import type { EdgeZone } from '@miaobu/shared/ports/edge-zone';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type EdgeForTests, startEdgeForTests } from '../../local/aliyun/esa/start-edge-for-tests.ts';
import { type Listening, listen } from '../../local/wire/emulator.ts';
import { createFaults } from '../../local/wire/faults.ts';
import { PATIENCE } from '../patience.ts';

const ORIGIN = 'pages.oss-cn-hangzhou.aliyuncs.com';
const faults = createFaults();

let edge: EdgeForTests;
let server: Listening;
let zone: EdgeZone;

beforeAll(async () => {
  edge = await startEdgeForTests();
  server = await listen(faults.wrap('esa', edge.esa));
  zone = zoneWith({});
});
afterAll(async () => {
  await server.close();
  await edge.close();
});
afterEach(() => faults.clear());

const zoneWith = (config: Partial<EsaEdgeZoneConfig>) =>
  esaEdgeZone({
    endpoint: server.url,
    region: 'cn-hangzhou',
    siteId: edge.siteId,
    credentials: () => edge.account.operator,
    ...config,
  });
const failure = (code: string) => expect.objectContaining({ name: 'AppError', code });
const recordsOf = async (recordName: string) => {
  const request = new edge.models.ListRecordsRequest({ siteId: edge.siteId, recordName });
  return (await edge.client.listRecords(request)).body?.records ?? [];
};

test('a hostname with a record is served from its private bucket, and without one is not', async () => {
  await edge.putObject('hello.txt', 'from the bucket');
  const visit = async () => (await edge.visit({ host: 'served.sites.localhost', path: '/hello.txt' })).body;
  const site = { hostname: 'served.sites.localhost', originBucketDomain: ORIGIN };
  const { cname, changed } = await zone.ensureSiteRecord(site);
  expect(changed).toBe(true);
  expect(await zone.ensureSiteRecord(site)).toEqual({ cname, changed: false });
  expect(cname).toMatch(/^served\.sites\.localhost\./);
  await expect.poll(visit, PATIENCE).toBe('from the bucket');
  await zone.deleteSiteRecord('served.sites.localhost');
  await expect.poll(visit, PATIENCE).toContain('No site serves');
});

test('ensuring twice, or at once, leaves one record and the same name', async () => {
  const site = { hostname: 'twice.sites.localhost', originBucketDomain: ORIGIN };
  const all = await Promise.all([
    zone.ensureSiteRecord(site),
    zone.ensureSiteRecord(site),
    zone.ensureSiteRecord(site),
  ]);
  expect(new Set(all.map(({ cname }) => cname)).size).toBe(1);
  expect(await recordsOf(site.hostname)).toHaveLength(1);
});

test('a differing record is adopted and corrected', async () => {
  const hostname = 'adopted.sites.localhost';
  await edge.client.createRecord(
    new edge.models.CreateRecordRequest({
      siteId: edge.siteId,
      recordName: hostname,
      type: 'CNAME',
      sourceType: 'OSS',
      data: new edge.models.CreateRecordRequestData({ value: 'old.oss-cn-hangzhou.aliyuncs.com' }),
      authConf: new edge.models.CreateRecordRequestAuthConf({ authType: 'public' }),
      ttl: 60,
    }),
  );
  const [before] = await recordsOf(hostname);
  await zone.ensureSiteRecord({ hostname, originBucketDomain: ORIGIN });
  expect(await recordsOf(hostname)).toMatchObject([
    {
      recordId: before?.recordId,
      data: { value: ORIGIN },
      authConf: { authType: 'private_same_account' },
      hostPolicy: 'follow_origin_domain',
      proxied: true,
    },
  ]);
});

test('a record is found by the next try when the answer to its creation was lost', async () => {
  const site = { hostname: 'lost.sites.localhost', originBucketDomain: ORIGIN };
  faults.inject({ service: 'esa', action: 'CreateRecord', times: 1, fault: { kind: 'lost-response' } });
  await expect(zone.ensureSiteRecord(site)).rejects.toEqual(failure('edge_unavailable'));
  await zone.ensureSiteRecord(site);
  expect(await recordsOf(site.hostname)).toHaveLength(1);
});

test('deleting what is not there is not an error', async () => {
  await zone.deleteSiteRecord('never.sites.localhost');
});

test('a purge makes the edge ask the bucket again', async () => {
  const hostname = 'purged.sites.localhost';
  const visit = async () => (await edge.visit({ host: hostname, path: '/kept.txt' })).body;
  await edge.putObject('kept.txt', 'old', { 'Cache-Control': 'max-age=3600' });
  await zone.ensureSiteRecord({ hostname, originBucketDomain: ORIGIN });
  await expect.poll(visit, PATIENCE).toBe('old');
  await edge.putObject('kept.txt', 'new', { 'Cache-Control': 'max-age=3600' });
  expect(await visit()).toBe('old');
  await zone.purgeHostname(hostname);
  await expect.poll(visit, PATIENCE).toBe('new');
});

test('a hostname of another zone is refused permanently; an unknown site is the operator’s to mend', async () => {
  const elsewhere = { hostname: 'a.example', originBucketDomain: ORIGIN };
  await expect(zone.ensureSiteRecord(elsewhere)).rejects.toEqual(failure('vendor_rejected'));
  await expect(zoneWith({ siteId: 1 }).purgeHostname('a.example')).rejects.toEqual(failure('platform_misconfigured'));
});

test('a transient failure is told apart', async () => {
  faults.inject({ service: 'esa', fault: { kind: 'error', status: 500 } });
  await expect(zone.purgeHostname('a.sites.localhost')).rejects.toEqual(failure('edge_unavailable'));
});
