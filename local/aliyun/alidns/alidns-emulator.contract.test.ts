import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { $OpenApiUtil } from '@alicloud/openapi-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Listening, listen } from '../../wire/emulator.ts';
import { createAccount } from '../account.ts';
import { type AlidnsEmulator, createAlidnsEmulator } from './alidns-emulator.ts';

const account = createAccount('a seed for tests');
const directory = mkdtempSync(path.join(tmpdir(), 'miaobu-alidns-'));
const domains = ['example.com.cn', 'sub.example.com.cn', 'sites.localhost'];
const open = () => createAlidnsEmulator({ account, stateDirectory: directory, domains });

let alidns: AlidnsEmulator;
let server: Listening;
let sdk: Awaited<ReturnType<typeof loadSdk>>;

const loadSdk = async (port: number) => {
  const models = (await import('@alicloud/alidns20150109')).default;
  const endpoint = { endpoint: `127.0.0.1:${port}`, protocol: 'http', regionId: 'cn-hangzhou' };
  return { models, client: new models.default(new $OpenApiUtil.Config({ ...account.operator, ...endpoint })) };
};

beforeAll(async () => {
  alidns = open();
  server = await listen({ handle: (request, response) => alidns.handle(request, response) });
  sdk = await loadSdk(server.port);
});
afterAll(async () => {
  await server.close();
  await alidns.close();
  rmSync(directory, { recursive: true });
});

const failure = (code: string) => expect.objectContaining({ statusCode: 400, code });
const add = async (RR: string, more: object = {}) => {
  const record = { domainName: 'example.com.cn', RR, type: 'CNAME', value: 'target.example.net', TTL: 600, ...more };
  return (await sdk.client.addDomainRecord(new sdk.models.AddDomainRecordRequest(record))).body?.recordId ?? '';
};
const update = (recordId: string, RR: string, more: object = {}) =>
  sdk.client.updateDomainRecord(
    new sdk.models.UpdateDomainRecordRequest({
      recordId,
      RR,
      type: 'CNAME',
      value: 'target.example.net',
      TTL: 600,
      ...more,
    }),
  );
const find = async (subDomain: string, more: object = {}) => {
  const request = new sdk.models.DescribeSubDomainRecordsRequest({ subDomain, ...more });
  return (await sdk.client.describeSubDomainRecords(request)).body?.domainRecords?.record ?? [];
};

test('a record is found under its full name, in the domain that owns it', async () => {
  const recordId = await add('www');
  expect(Number(recordId)).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
  expect(await find('www.example.com.cn')).toMatchObject([
    {
      recordId,
      domainName: 'example.com.cn',
      RR: 'www',
      type: 'CNAME',
      value: 'target.example.net',
      TTL: 600,
      status: 'ENABLE',
    },
  ]);
  expect(await find('www.example.com.cn', { type: 'TXT' })).toEqual([]);
  await add('@', { domainName: 'sub.example.com.cn' });
  expect(await find('sub.example.com.cn')).toMatchObject([{ domainName: 'sub.example.com.cn', RR: '@' }]);
  expect(await find('sub.example.com.cn', { domainName: 'example.com.cn' })).toEqual([]);
});

test('the same record twice is a duplicate, by adding and by updating', async () => {
  const recordId = await add('twice');
  await expect(add('twice')).rejects.toEqual(failure('DomainRecordDuplicate'));
  await expect(update(recordId, 'twice')).rejects.toEqual(failure('DomainRecordDuplicate'));
  await update(recordId, 'twice', { TTL: 1200 });
  await update(recordId, 'twice', { value: 'other.example.net' });
  expect(await find('twice.example.com.cn')).toMatchObject([{ recordId, value: 'other.example.net' }]);
});

test('a CNAME stands alone', async () => {
  await add('text', { type: 'TXT', value: 'a proof' });
  await expect(add('text')).rejects.toEqual(failure('DomainRecordConflict'));
});

test('a domain or record of another account is refused', async () => {
  await expect(add('www', { domainName: 'example.org' })).rejects.toEqual(failure('InvalidDomainName.NoExist'));
  await expect(find('www.example.org')).rejects.toEqual(failure('InvalidDomainName.NoExist'));
  await expect(update('1', 'www')).rejects.toEqual(failure('DomainRecordNotBelongToUser'));
  const unknown = new sdk.models.DeleteDomainRecordRequest({ recordId: '1' });
  await expect(sdk.client.deleteDomainRecord(unknown)).rejects.toEqual(failure('DomainRecordNotBelongToUser'));
});

test('what is malformed is refused', async () => {
  await expect(add('-x')).rejects.toEqual(failure('InvalidRR.Format'));
  await expect(add('a', { value: 'no spaces here' })).rejects.toEqual(failure('SubDomainInvalid.Value'));
  await expect(add('a', { type: 'A' })).rejects.toEqual(failure('SubDomainInvalid.Value'));
  await expect(add('a', { TTL: 60 })).rejects.toEqual(failure('QuotaExceeded.TTL'));
  await expect(add('a', { type: 'REDIRECT_URL' })).rejects.toEqual(failure('SubDomainInvalid.Type'));
});

test('records are deleted one by one, or all of a name and type', async () => {
  const recordId = await add('one');
  await sdk.client.deleteDomainRecord(new sdk.models.DeleteDomainRecordRequest({ recordId }));
  expect(await find('one.example.com.cn')).toEqual([]);
  await add('many', { type: 'TXT', value: 'first' });
  await add('many', { type: 'TXT', value: 'second' });
  const removal = { domainName: 'example.com.cn', RR: 'many' };
  const remove = async (type: string) =>
    (await sdk.client.deleteSubDomainRecords(new sdk.models.DeleteSubDomainRecordsRequest({ ...removal, type }))).body;
  expect(await remove('CNAME')).toMatchObject({ totalCount: '0' });
  expect(await remove('TXT')).toMatchObject({ RR: 'many', totalCount: '2' });
  expect(await find('many.example.com.cn')).toEqual([]);
});

test('acknowledged changes survive a restart, and a responder can look them up', async () => {
  await add('durable');
  await alidns.close();
  alidns = open();
  expect(await find('durable.example.com.cn')).toHaveLength(1);
  expect(alidns.recordsOf('Durable.example.com.cn')).toMatchObject([{ type: 'CNAME', value: 'target.example.net' }]);
  expect(alidns.recordsOf('durable.example.org')).toEqual([]);
});
