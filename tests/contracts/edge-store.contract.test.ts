import { esaEdgeStore } from '@miaobu/shared/adapters/aliyun/esa-edge-store';
import type { EdgeStore } from '@miaobu/shared/ports/edge-store';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { esaClientForTests } from '../../local/aliyun/esa/esa-client-for-tests.ts';
import { type EsaForTests, startEsaForTests } from '../../local/aliyun/esa/start-esa-for-tests.ts';
import { type Listening, listen } from '../../local/wire/emulator.ts';
import { createFaults } from '../../local/wire/faults.ts';

const NAMESPACE = 'miaobu';
const faults = createFaults();

let cloud: EsaForTests;
let server: Listening;
let store: EdgeStore;
const actions: string[] = [];

beforeAll(async () => {
  cloud = await startEsaForTests();
  const counted = {
    close: () => Promise.resolve(),
    handle: (...[request, response]: Parameters<typeof cloud.esa.handle>) => {
      actions.push(String(request.headers['x-acs-action']));
      return cloud.esa.handle(request, response);
    },
  };
  server = await listen(faults.wrap('esa', counted));
  const { client, models } = await esaClientForTests(server.port, cloud.account.operator);
  await client.createKvNamespace(new models.CreateKvNamespaceRequest({ namespace: NAMESPACE }));
  store = storeAt(server.url);
});
afterAll(async () => {
  await server.close();
  await cloud.close();
});
afterEach(() => {
  faults.clear();
  actions.length = 0;
});

const storeAt = (endpoint: string, timeoutMs = 10_000) =>
  esaEdgeStore({
    endpoint,
    region: 'cn-hangzhou',
    timeoutMs,
    credentials: () => cloud.account.roleCredentials('acs:ram::1000000000000001:role/deploy'),
  });
const failure = (code: string) => expect.objectContaining({ name: 'AppError', code });

test('what is put can be read back, replaced and deleted', async () => {
  await store.put(NAMESPACE, 'blog.sites.localhost', '{"type":"static","name":"中文"}');
  expect(await store.get(NAMESPACE, 'blog.sites.localhost')).toBe('{"type":"static","name":"中文"}');
  await store.put(NAMESPACE, 'blog.sites.localhost', 'second');
  expect(await store.get(NAMESPACE, 'blog.sites.localhost')).toBe('second');
  await store.delete(NAMESPACE, 'blog.sites.localhost');
  expect(await store.get(NAMESPACE, 'blog.sites.localhost')).toBeUndefined();
});

test('deleting a missing key is no error', async () => {
  await store.delete(NAMESPACE, 'never-there');
});

test('many entries go in as few calls as 2 MB allow, and none for nothing', async () => {
  const entries = Array.from({ length: 20 }, (_, n) => ({ key: `shard-${n}`, value: `${n} ${'"'.repeat(100_000)}` }));
  await store.putMany(NAMESPACE, entries);
  expect(actions.every((action) => action === 'BatchPutKv')).toBe(true);
  expect(actions.length).toBeLessThan(5);
  for (const { key, value } of entries) expect(await store.get(NAMESPACE, key)).toBe(value);
  actions.length = 0;
  await store.putMany(NAMESPACE, []);
  expect(actions).toEqual([]);
});

test('an entry too large for a batch goes alone, up to 2 MB', async () => {
  const large = 'x'.repeat(2_000_000);
  await store.putMany(NAMESPACE, [
    { key: 'small-1', value: '1' },
    { key: 'large', value: large },
    { key: 'small-2', value: '2' },
  ]);
  expect(actions).toEqual(['PutKv', 'PutKv', 'PutKv']);
  expect(await store.get(NAMESPACE, 'large')).toBe(large);
  await expect(store.put(NAMESPACE, 'large', `${large}x`)).rejects.toEqual(failure('vendor_rejected'));
});

test('keys are listed by prefix, page by page, with the time of their last write', async () => {
  const entries = Array.from({ length: 101 }, (_, n) => ({ key: `listed-${String(n).padStart(3, '0')}`, value: 'x' }));
  const before = Date.now();
  await store.putMany(NAMESPACE, entries);
  const first = await store.list(NAMESPACE, 'listed-');
  expect(first.keys.length).toBe(100);
  expect(first.keys[0]).toEqual({ key: 'listed-000', updatedAt: expect.any(Date) });
  expect(first.keys[0]?.updatedAt.getTime()).toBeGreaterThanOrEqual(Math.floor(before / 1000) * 1000);
  const second = await store.list(NAMESPACE, 'listed-', first.nextCursor);
  expect(second).toEqual({ keys: [{ key: 'listed-100', updatedAt: expect.any(Date) }], truncated: false });
  expect(await store.list(NAMESPACE, 'not-there-')).toEqual({ keys: [], truncated: false });
  expect((await store.list(NAMESPACE, '')).keys.length).toBe(100);
});

test('a key that Edge KV does not accept is refused permanently', async () => {
  await expect(store.put(NAMESPACE, 'not valid', 'x')).rejects.toEqual(failure('vendor_rejected'));
});

test('a batch that is stored in part may be stored by another try: the error says how many keys failed', async () => {
  const entries = ['valid', 'not valid', 'nor this', 'also-valid'].map((key) => ({ key, value: 'x' }));
  await expect(store.putMany(NAMESPACE, entries)).rejects.toMatchObject({
    code: 'edge_unavailable',
    message: 'Edge KV did not take 2 of 4 keys, such as not valid',
  });
});

test('a missing namespace is the operator’s to mend, never a missing key', async () => {
  await expect(store.get('elsewhere', 'key')).rejects.toEqual(failure('platform_misconfigured'));
  await expect(store.delete('elsewhere', 'key')).rejects.toEqual(failure('platform_misconfigured'));
});

test('an access key that does not exist, or another token than its own, is the operator’s to mend', async () => {
  const keys = cloud.account.roleCredentials('acs:ram::1000000000000001:role/deploy');
  for (const wrong of [{ accessKeyId: 'STS.unknown' }, { securityToken: 'not its token' }, { accessKeySecret: 'x' }]) {
    const refused = esaEdgeStore({
      endpoint: server.url,
      region: 'cn-hangzhou',
      credentials: () => ({ ...keys, ...wrong }),
    });
    await expect(refused.put(NAMESPACE, 'k', 'v')).rejects.toMatchObject({
      code: 'platform_misconfigured',
      remedy: expect.stringContaining('MIAOBU_ROLE_ARN'),
    });
  }
});

test('a transient failure is distinguished, and nothing is tried twice', async () => {
  faults.inject({ service: 'esa', fault: { kind: 'error', status: 503 } });
  await expect(store.put(NAMESPACE, 'k', 'v')).rejects.toEqual(failure('edge_unavailable'));
  faults.clear();
  faults.inject({ service: 'esa', times: 1, fault: { kind: 'error', status: 429 } });
  await expect(store.put(NAMESPACE, 'k', 'v')).rejects.toEqual(failure('vendor_throttled'));
  expect(actions).toEqual([]);
  await store.put(NAMESPACE, 'k', 'v');
  expect(actions).toEqual(['PutKv']);
});

test.each([
  [429, 'vendor_throttled'],
  [503, 'edge_unavailable'],
])('the wait that a response %i states is kept, for its own call only', async (status, code) => {
  const fault = { service: 'esa', times: 1 } as const;
  faults.inject({ ...fault, fault: { kind: 'error', status, retryAfter: 97 } });
  await expect(store.put(NAMESPACE, 'k', 'v')).rejects.toMatchObject({ code, details: { retryAfterSeconds: 97 } });
  // The connection is used again.
  faults.inject({ ...fault, fault: { kind: 'error', status } });
  const next = await store.put(NAMESPACE, 'k', 'v').catch((error: unknown) => error);
  expect(next).toMatchObject({ code });
  expect(next).not.toHaveProperty('details.retryAfterSeconds');
});

test('an answer that is lost, late or malformed is a transient failure', async () => {
  faults.inject({ service: 'esa', times: 1, fault: { kind: 'lost-response' } });
  await expect(store.put(NAMESPACE, 'lost', 'but written')).rejects.toEqual(failure('edge_unavailable'));
  expect(await store.get(NAMESPACE, 'lost')).toBe('but written');
  faults.inject({ service: 'esa', times: 1, fault: { kind: 'hang' } });
  await expect(storeAt(server.url, 50).get(NAMESPACE, 'lost')).rejects.toEqual(failure('edge_unavailable'));
  await expect(storeAt('http://127.0.0.1:1').get(NAMESPACE, 'k')).rejects.toEqual(failure('edge_unavailable'));
});

test('an error that comes with HTTP 200 is an error', async () => {
  const lying = await listen({
    handle: (_request, response) => {
      response.end(JSON.stringify({ Code: 'InvalidParameter', Message: 'refused politely', RequestId: '1' }));
    },
  });
  await expect(storeAt(lying.url).put(NAMESPACE, 'k', 'v')).rejects.toEqual(failure('vendor_rejected'));
  await lying.close();
});
