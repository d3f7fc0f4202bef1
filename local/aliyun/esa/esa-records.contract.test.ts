import { afterAll, beforeAll, expect, test } from 'vitest';
import { PATIENCE } from '../../../tests/patience.ts';
import { type EsaClientForTests, esaClientForTests } from './esa-client-for-tests.ts';
import { type EsaForTests, startEsaForTests, TEST_SITE } from './start-esa-for-tests.ts';

let cloud: EsaForTests;
let esa: EsaClientForTests;

beforeAll(async () => {
  cloud = await startEsaForTests();
  esa = await esaClientForTests(cloud.port, cloud.account.operator);
});
afterAll(() => cloud.close());

const failure = (statusCode: number, code: string) => expect.objectContaining({ statusCode, code });
const ossRecord = (recordName: string, more: object = {}) => ({
  siteId: cloud.siteId,
  recordName,
  type: 'CNAME',
  sourceType: 'OSS',
  data: new esa.models.CreateRecordRequestData({ value: 'pages.oss-cn-hangzhou.aliyuncs.com' }),
  authConf: new esa.models.CreateRecordRequestAuthConf({ authType: 'private_same_account' }),
  hostPolicy: 'follow_origin_domain',
  bizName: 'web',
  proxied: true,
  ttl: 600,
  ...more,
});
const create = async (recordName: string, more: object = {}) =>
  (await esa.client.createRecord(new esa.models.CreateRecordRequest(ossRecord(recordName, more)))).body?.recordId ?? 0;
const list = async (filter: object) =>
  (await esa.client.listRecords(new esa.models.ListRecordsRequest({ siteId: cloud.siteId, ...filter }))).body;
const get = async (recordId: number) =>
  (await esa.client.getRecord(new esa.models.GetRecordRequest({ recordId }))).body?.recordModel;

test('the site exists from the start, and its id exceeds 32 bits', async () => {
  const { body } = await esa.client.listSites(new esa.models.ListSitesRequest({ siteName: TEST_SITE }));
  expect(body?.sites).toMatchObject([{ siteId: cloud.siteId, siteName: TEST_SITE, status: 'active' }]);
  expect(cloud.siteId).toBeGreaterThan(2 ** 32);
});

test('a record comes back as it was made, with the name to point DNS at', async () => {
  const recordId = await create('one.sites.localhost');
  expect(await get(recordId)).toMatchObject({
    recordId,
    recordName: 'one.sites.localhost',
    recordType: 'CNAME',
    recordSourceType: 'OSS',
    recordCname: expect.stringMatching(/^one\.sites\.localhost\..+/),
    data: { value: 'pages.oss-cn-hangzhou.aliyuncs.com' },
    authConf: { authType: 'private_same_account' },
    hostPolicy: 'follow_origin_domain',
    bizName: 'web',
    proxied: true,
    ttl: 600,
    siteName: TEST_SITE,
  });
});

test('a second record of the same name is refused', async () => {
  await create('twice.sites.localhost');
  await expect(create('Twice.sites.localhost')).rejects.toEqual(failure(400, 'RecordAlreadyExist'));
});

test('records are found by exact name, or by a part of it', async () => {
  await create('x-listed.sites.localhost');
  await create('y-listed.sites.localhost');
  const exact = await list({ recordName: 'x-listed.sites.localhost' });
  expect(exact).toMatchObject({ totalCount: 1, records: [{ recordName: 'x-listed.sites.localhost' }] });
  expect((await list({ recordName: 'listed.sites.localhost' }))?.totalCount).toBe(0);
  expect((await list({ recordName: '-listed.', recordMatchType: 'fuzzy' }))?.totalCount).toBe(2);
});

test('an update changes what it names and keeps the rest', async () => {
  const recordId = await create('moving.sites.localhost');
  const data = new esa.models.UpdateRecordRequestData({ value: 'other.oss-cn-hangzhou.aliyuncs.com' });
  await esa.client.updateRecord(new esa.models.UpdateRecordRequest({ recordId, data }));
  expect(await get(recordId)).toMatchObject({
    data: { value: 'other.oss-cn-hangzhou.aliyuncs.com' },
    authConf: { authType: 'private_same_account' },
    proxied: true,
    ttl: 600,
  });
});

test('a deleted record is gone, and deleting it again says so', async () => {
  const recordId = await create('gone.sites.localhost');
  const request = new esa.models.DeleteRecordRequest({ recordId });
  await esa.client.deleteRecord(request);
  await expect(esa.client.deleteRecord(request)).rejects.toEqual(failure(404, 'Record.NotFound'));
  await expect(get(recordId)).rejects.toEqual(failure(404, 'Record.NotFound'));
});

test('required fields of a record are checked, with the real error codes', async () => {
  const refused = async (name: string, more: object, code: string, status = 400) =>
    expect(create(name, more)).rejects.toEqual(failure(status, code));
  await refused('elsewhere.example', {}, 'InvalidParameter.InvalidRecordNameSuffix');
  await refused('under_score.sites.localhost', {}, 'InvalidParameter.InvalidRecordName');
  await refused('a.sites.localhost', { data: undefined }, 'MissingData');
  await refused('a.sites.localhost', { authConf: undefined }, 'Record.SourceEmptyAuthConf');
  await refused('a.sites.localhost', { ttl: 5 }, 'Record.TTLExceedLimit');
  await refused('a.sites.localhost', { bizName: undefined }, 'InvalidParameter.InvalidBiz');
  await refused('a.sites.localhost', { type: 'A/AAAA' }, 'Record.UnsupportedType');
  await refused('a.sites.localhost', { sourceType: 'Domain' }, 'Record.UnsupportedSourceType');
  await refused('a.sites.localhost', { siteId: 1 }, 'SiteNotFound', 404);
});

test('a purge is a task that ends', async () => {
  const content = new esa.models.PurgeCachesRequestContent({ hostnames: ['one.sites.localhost'] });
  const request = { siteId: cloud.siteId, type: 'hostname', content };
  const { body } = await esa.client.purgeCaches(new esa.models.PurgeCachesRequest(request));
  const tasks = async () =>
    (await esa.client.describePurgeTasks(new esa.models.DescribePurgeTasksRequest({ siteId: cloud.siteId }))).body
      ?.tasks;
  await expect
    .poll(async () => (await tasks())?.find(({ taskId }) => taskId === body?.taskId)?.status, PATIENCE)
    .toBe('Complete');
  expect(await tasks()).toMatchObject([{ type: 'hostname', content: 'one.sites.localhost', process: '100%' }]);
});

test('a purge without the content its type needs is refused', async () => {
  const content = new esa.models.PurgeCachesRequestContent({ files: ['http://one.sites.localhost/a'] });
  const request = new esa.models.PurgeCachesRequest({ siteId: cloud.siteId, type: 'hostname', content });
  await expect(esa.client.purgeCaches(request)).rejects.toEqual(failure(400, 'InvalidContent'));
});
