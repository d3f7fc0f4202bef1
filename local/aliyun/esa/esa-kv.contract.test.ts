import http from 'node:http';
import { $OpenApiUtil } from '@alicloud/openapi-core';
import { RuntimeOptions } from '@darabonba/typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PATIENCE } from '../../../tests/patience.ts';
import { type EsaClientForTests, esaClientForTests } from './esa-client-for-tests.ts';
import { type EsaForTests, startEsaForTests } from './start-esa-for-tests.ts';

let cloud: EsaForTests;
let esa: EsaClientForTests;

beforeAll(async () => {
  cloud = await startEsaForTests();
  esa = await esaClientForTests(cloud.port, cloud.account.operator);
  await createNamespace('routes');
});
afterAll(() => cloud.close());

const createNamespace = (namespace: string) =>
  esa.client.createKvNamespace(new esa.models.CreateKvNamespaceRequest({ namespace }));
const put = (key: string, value: string, more: object = {}) =>
  esa.client.putKv(new esa.models.PutKvRequest({ namespace: 'routes', key, value, ...more }));
const get = async (key: string) =>
  (await esa.client.getKv(new esa.models.GetKvRequest({ namespace: 'routes', key }))).body?.value;
const remove = (key: string) => esa.client.deleteKv(new esa.models.DeleteKvRequest({ namespace: 'routes', key }));
const failure = (statusCode: number, code: string) => expect.objectContaining({ statusCode, code });

test('a value comes back as it was put, also under a hostname with dots, and replaces the one before', async () => {
  const value = JSON.stringify({ type: 'static', name: '中文 & emoji 🚀', plus: 'a+b c%20d' });
  const first = await put('blog.sites.localhost', value);
  expect(first.body?.length).toBe(String(Buffer.byteLength(value)));
  expect(await get('blog.sites.localhost')).toBe(value);
  await put('blog.sites.localhost', 'second');
  expect(await get('blog.sites.localhost')).toBe('second');
});

test('PutKv shows the first and the last hundred characters of a long value only', async () => {
  const value = `${'a'.repeat(200)}${'b'.repeat(200)}`;
  const answer = await put('long', value);
  expect(answer.body?.value).toBe(`${'a'.repeat(100)}...${'b'.repeat(100)}`);
  expect(await get('long')).toBe(value);
});

test('a missing key and a missing namespace are 404 with codes of their own', async () => {
  await expect(get('nothing')).rejects.toEqual(failure(404, 'InvalidKey.NotFound'));
  await expect(remove('nothing')).rejects.toEqual(failure(404, 'InvalidKey.NotFound'));
  const elsewhere = new esa.models.GetKvRequest({ namespace: 'elsewhere', key: 'k' });
  await expect(esa.client.getKv(elsewhere)).rejects.toEqual(failure(404, 'InvalidNameSpace.NotFound'));
});

test('a deleted key is gone', async () => {
  await put('short-lived', 'x');
  await remove('short-lived');
  await expect(get('short-lived')).rejects.toEqual(failure(404, 'InvalidKey.NotFound'));
});

test('a key is gone once it has expired, and cannot be created already expired', async () => {
  await put('brief', 'x', { expirationTtl: 1 });
  await put('later', 'x', { expirationTtl: 3600 });
  await expect.poll(() => get('brief').catch((error) => error.code), PATIENCE).toBe('InvalidKey.NotFound');
  expect(await get('later')).toBe('x');
  await expect(put('past', 'x', { expiration: 1_000_000_000 })).rejects.toMatchObject({ statusCode: 400 });
});

test('a key with a space, a backslash, or beyond ASCII is refused, and one over 512 bytes', async () => {
  for (const key of ['a b', 'a\\b', '博客.example'])
    await expect(put(key, 'x')).rejects.toEqual(failure(400, 'InvalidKey.Malformed'));
  await expect(put('k'.repeat(513), 'x')).rejects.toEqual(failure(400, 'InvalidKey.ExceedsMaximum'));
  await put('k'.repeat(512), 'x');
});

test('with strict keys, a dot is refused too', async () => {
  const strict = await startEsaForTests({ strictKvKeys: true });
  const { client, models } = await esaClientForTests(strict.port, strict.account.operator);
  await client.createKvNamespace(new models.CreateKvNamespaceRequest({ namespace: 'routes' }));
  const dotted = new models.PutKvRequest({ namespace: 'routes', key: 'a.example', value: 'x' });
  await expect(client.putKv(dotted)).rejects.toEqual(failure(400, 'InvalidKey.Malformed'));
  await client.putKv(new models.PutKvRequest({ namespace: 'routes', key: 'a_example-1', value: 'x' }));
  await strict.close();
});

test('a value of 2 MB is taken and a byte more is not', async () => {
  await put('large', 'x'.repeat(2_000_000));
  await expect(put('large', 'x'.repeat(2_000_001))).rejects.toEqual(failure(400, 'InvalidValue.ExceedsMaximum'));
});

test('a batch writes what is valid, names what is not, and is limited as a whole', async () => {
  const list = (kvList: { key: string; value: string }[]) =>
    new esa.models.BatchPutKvRequest({
      namespace: 'routes',
      kvList: kvList.map((entry) => new esa.models.BatchPutKvRequestKvList(entry)),
    });
  const answer = await esa.client.batchPutKv(
    list([
      { key: 'batch-1', value: '一' },
      { key: 'not valid', value: 'x' },
      { key: 'batch-2', value: '2' },
    ]),
  );
  expect(answer.body).toMatchObject({ successKeys: ['batch-1', 'batch-2'], failKeys: ['not valid'] });
  expect(await get('batch-1')).toBe('一');
  const half = 'x'.repeat(1_100_000);
  const tooMuch = list([
    { key: 'half-1', value: half },
    { key: 'half-2', value: half },
  ]);
  await expect(esa.client.batchPutKv(tooMuch)).rejects.toEqual(failure(400, 'InvalidValue.ExceedsMaximum'));

  const keys = ['batch-1', 'batch-2'];
  await esa.client.batchDeleteKv(new esa.models.BatchDeleteKvRequest({ namespace: 'routes', keys }));
  await expect(get('batch-2')).rejects.toEqual(failure(404, 'InvalidKey.NotFound'));
});

test('keys are listed by prefix, in order, page by page', async () => {
  for (const key of ['list.b', 'list.a', 'list.c', 'other']) await put(key, 'x');
  const request = { namespace: 'routes', prefix: 'list.', pageSize: 2 };
  const page = async (pageNumber: number) =>
    (await esa.client.listKvs(new esa.models.ListKvsRequest({ ...request, pageNumber }))).body;
  const [first, second] = [await page(1), await page(2)];
  expect(first).toMatchObject({ totalCount: 3, pageNumber: 1, pageSize: 2 });
  expect(first?.keys?.map(({ name }) => name)).toEqual(['list.a', 'list.b']);
  expect(second?.keys?.map(({ name }) => name)).toEqual(['list.c']);
});

test('an account has ten namespaces, each once', async () => {
  for (let n = 2; n <= 10; n += 1) await createNamespace(`namespace-${n}`);
  await expect(createNamespace('one-more')).rejects.toEqual(failure(406, 'InvalidNameSpace.QuotaFull'));
  await expect(createNamespace('routes')).rejects.toEqual(failure(406, 'InvalidNameSpace.Duplicate'));
  const found = await esa.client.getKvNamespace(new esa.models.GetKvNamespaceRequest({ namespace: 'routes' }));
  expect(found.body).toMatchObject({ namespace: 'routes', status: 'online' });
});

test('GetKv by POST is refused with 403, as the real one refuses it', async () => {
  const call = callByHand('GetKv', 'POST', { Namespace: 'routes', Key: 'k' });
  await expect(call).rejects.toEqual(failure(403, 'UnsupportedHTTPMethod'));
});

test('a parameter in the wrong place counts as missing', async () => {
  const call = callByHand('PutKv', 'POST', { Namespace: 'routes', Key: 'k', Value: 'belongs into the form' });
  await expect(call).rejects.toEqual(failure(400, 'MissingValue'));
});

test('an operation that is not served is 404, and says so as Aliyun does', async () => {
  const call = esa.client.getKvAccount();
  await expect(call).rejects.toEqual(failure(404, 'InvalidApi.NotFound'));
});

test('a wrong secret, a missing token and an unsigned request are refused', async () => {
  const { operator } = cloud.account;
  const role = cloud.account.roleCredentials('acs:ram::1000000000000001:role/deploy');
  const listing = async (credentials: { accessKeyId: string; accessKeySecret: string; securityToken?: string }) => {
    const { client, models } = await esaClientForTests(cloud.port, credentials);
    return client.listKvs(new models.ListKvsRequest({ namespace: 'routes' }));
  };
  await expect(listing({ ...operator, accessKeySecret: 'guessed' })).rejects.toEqual(
    failure(400, 'SignatureDoesNotMatch'),
  );
  await expect(listing({ accessKeyId: role.accessKeyId, accessKeySecret: role.accessKeySecret })).rejects.toEqual(
    failure(400, 'InvalidSecurityToken.Malformed'),
  );
  expect((await listing(role)).statusCode).toBe(200);
  const unsigned = await new Promise<number | undefined>((resolve, reject) => {
    const headers = { 'x-acs-action': 'ListKvs', 'x-acs-version': '2024-09-10' };
    const request = http.get(`${cloud.url}/?Namespace=routes`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.once('error', reject);
  });
  expect(unsigned).toBe(400);
});

test('acknowledged changes survive a restart', async () => {
  await put('durable', 'x');
  await cloud.reopen();
  expect(await get('durable')).toBe('x');
});

/** Sends correctly signed requests that the generated methods would not send. */
function callByHand(action: string, method: string, query: Record<string, string>) {
  const wire = {
    protocol: 'http',
    pathname: '/',
    authType: 'AK',
    style: 'RPC',
    reqBodyType: 'formData',
    bodyType: 'json',
  };
  const parameters = new $OpenApiUtil.Params({ ...wire, version: '2024-09-10', action, method });
  return esa.client.callApi(parameters, new $OpenApiUtil.OpenApiRequest({ query }), new RuntimeOptions({}));
}
