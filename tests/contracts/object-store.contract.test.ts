import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { LOCAL_REGION } from '../../local/aliyun/account.ts';
import { type OssUnderTest, startOssUnderTest } from '../../local/aliyun/oss/oss-under-test.ts';
import { type Listening, listen } from '../../local/wire/emulator.ts';
import { createFaults } from '../../local/wire/faults.ts';
import { type OssObjectStoreConfig, ossObjectStore } from '../../shared/adapters/aliyun/oss-object-store.ts';
import { PATIENCE } from '../patience.ts';

let oss: OssUnderTest;
let faulty: Listening;
const faults = createFaults();

beforeAll(async () => {
  oss = await startOssUnderTest();
  faulty = await listen(faults.wrap('oss', oss.emulator()));
});
afterEach(() => faults.clear());
afterAll(async () => {
  await faulty.close();
  await oss.close();
});

const openStore = (config: Partial<OssObjectStoreConfig> = {}) =>
  ossObjectStore({
    endpoint: oss.endpoint,
    pathStyle: true,
    region: LOCAL_REGION,
    bucket: oss.bucket,
    credentials: () => oss.account.operator,
    ...config,
  });

const textOf = async (body: Readable) => Buffer.concat(await body.toArray()).toString();

test('what is put is got, read and described; what is missing is undefined', async () => {
  const store = openStore();
  await store.put('a/page.html', Buffer.from('<p>page'), { contentType: 'text/html; charset=utf-8' });
  const got = await store.get('a/page.html');
  expect(got).toMatchObject({ size: 7, contentType: 'text/html; charset=utf-8' });
  expect(got && (await textOf(got.body))).toBe('<p>page');
  expect((await store.read('a/page.html', 7))?.toString()).toBe('<p>page');
  expect(await store.head('a/page.html')).toEqual({ size: 7, etag: expect.stringMatching(/^"[0-9A-F]{32}"$/) });
  expect(await store.get('a/nothing')).toBeUndefined();
  expect(await store.read('a/nothing', 1)).toBeUndefined();
  expect(await store.head('a/nothing')).toBeUndefined();
});

test('reading stops before a content larger than the limit', async () => {
  const store = openStore();
  await store.put('large', Buffer.alloc(101));
  await expect(store.read('large', 100)).rejects.toMatchObject({ code: 'payload_too_large' });
  expect((await store.read('large', 101))?.length).toBe(101);
});

test('forbidding to overwrite makes the second put a conflict', async () => {
  const store = openStore();
  await store.put('once', Buffer.from('first'), { forbidOverwrite: true });
  const second = store.put('once', Buffer.from('second'), { forbidOverwrite: true });
  await expect(second).rejects.toMatchObject({ code: 'conflict' });
  expect((await store.read('once', 100))?.toString()).toBe('first');
});

test('a stream is sent as it comes: its beginning is stored before its end exists', async () => {
  const bytesOnDisk = () => {
    const files = readdirSync(oss.stateDirectory, { recursive: true, withFileTypes: true });
    const blobs = files.filter((entry) => entry.isFile() && entry.parentPath.includes('oss-blobs'));
    return blobs.reduce((sum, { parentPath, name }) => sum + statSync(path.join(parentPath, name)).size, 0);
  };
  const before = bytesOnDisk();
  async function* content() {
    yield Buffer.alloc(100_000, 'a');
    await vi.waitUntil(() => bytesOnDisk() > before, PATIENCE);
    yield Buffer.alloc(100_000, 'b');
  }
  const store = openStore();
  await store.put('streamed', Readable.from(content()), { contentLength: 200_000 });
  expect((await store.head('streamed'))?.size).toBe(200_000);
});

test('a large object is handed out while it still arrives', async () => {
  let continueSending = () => {};
  const firstHalfRead = new Promise<void>((resolve) => {
    continueSending = resolve;
  });
  const server = await listen({
    async handle(_, response) {
      response.writeHead(200, { 'content-length': '12' });
      response.write('first ');
      await firstHalfRead; // hangs forever if the adapter reads everything before returning
      response.end('second');
    },
  });
  const found = await openStore({ endpoint: `http://localhost:${server.port}` }).get('any');
  if (!found) throw new Error('not found');
  const [first] = await once(found.body, 'data');
  expect(String(first)).toBe('first ');
  continueSending();
  expect(await textOf(found.body)).toBe('second');
  await server.close();
});

test('a source that breaks stores nothing', async () => {
  const store = openStore();
  async function* content() {
    yield Buffer.alloc(100_000);
    throw new Error('the source broke');
  }
  const broken = store.put('broken', Readable.from(content()));
  await expect(broken).rejects.toMatchObject({ code: 'object_store_unavailable' });
  expect(await store.head('broken')).toBeUndefined();
});

test('deletes any number of keys, and also what does not exist', async () => {
  const store = openStore();
  const keys = Array.from({ length: 1001 }, (_, index) => `many/${String(index).padStart(4, '0')}`);
  for (const key of [keys[0], keys[999], keys[1000]]) await store.put(String(key), Buffer.from('x'));
  await store.put('many-more', Buffer.from('x'));
  await store.delete(keys);
  await store.delete([]);
  expect((await store.list('many')).objects.map((object) => object.key)).toEqual(['many-more']);
});

test('folders are listed once each, page by page', async () => {
  const store = openStore();
  for (const key of ['tree/b/1', 'tree/a/1', 'tree/a/2/deep', 'tree/file', 'tree/c/1'])
    await store.put(key, Buffer.from(key));
  const first = await store.listFolders('tree/', { limit: 2 });
  expect(first.folders).toEqual(['tree/a/', 'tree/b/']);
  if (!first.nextCursor) throw new Error('there is a second page');
  expect(await store.listFolders('tree/', { limit: 2, cursor: first.nextCursor })).toEqual({ folders: ['tree/c/'] });
  expect(await store.listFolders('nothing-here/')).toEqual({ folders: [] });
});

test('lists page by page, and everything for the empty prefix', async () => {
  const store = openStore();
  for (const key of ['list/1', 'list/2', 'list/3']) await store.put(key, Buffer.from(key));
  const first = await store.list('list/', { limit: 2 });
  expect(first.objects.map((object) => object.key)).toEqual(['list/1', 'list/2']);
  expect(first.objects[0]).toEqual({ key: 'list/1', size: 6, lastModified: expect.any(Date) });
  if (first.nextCursor === undefined) throw new Error('there is a third object');
  const second = await store.list('list/', { limit: 2, cursor: first.nextCursor });
  expect(second.objects.map((object) => object.key)).toEqual(['list/3']);
  expect(second.nextCursor).toBeUndefined();
  expect((await store.list('')).objects.length).toBeGreaterThan(3);
});

test('a presigned link stores exactly the announced number of bytes, sent with exactly its headers', async () => {
  const store = openStore({ endpoint: 'http://unreachable.invalid', publicEndpoint: oss.endpoint });
  const content = Buffer.from('the content');
  const { url, headers } = await store.presignPut('linked', {
    contentLength: content.length,
    contentType: 'text/css',
    expiresInSeconds: 60,
  });
  const put = async (more: Record<string, string>, body: Buffer<ArrayBuffer>) =>
    (await fetch(url, { method: 'PUT', headers: { ...headers, ...more }, body })).status;
  const longer = Buffer.concat([content, content]);
  expect(await put({ 'content-length': String(longer.length) }, longer)).toBe(403);
  expect(await put({ 'content-type': 'text/html' }, content)).toBe(403);
  expect(await put({ 'x-oss-meta-a': 'b' }, content)).toBe(403);
  expect(await openStore().head('linked')).toBeUndefined();
  expect(await put({}, content)).toBe(200);
  expect(await openStore().get('linked')).toMatchObject({ size: content.length, contentType: 'text/css' });
});

test('a presigned link takes a stream', async () => {
  const { url, headers } = await openStore().presignPut('linked-stream', { contentLength: 6, expiresInSeconds: 60 });
  const body = Readable.toWeb(Readable.from([Buffer.from('one'), Buffer.from('two')])) as ReadableStream;
  const response = await fetch(url, { method: 'PUT', headers, body, duplex: 'half' } as RequestInit);
  expect(response.status).toBe(200);
  expect((await openStore().read('linked-stream', 10))?.toString()).toBe('onetwo');
});

test('a presigned link that binds a digest stores nothing that arrives damaged', async () => {
  const contentMd5 = createHash('md5').update('good').digest('base64');
  const { url, headers } = await openStore().presignPut('linked-md5', {
    contentLength: 4,
    contentMd5,
    expiresInSeconds: 60,
  });
  const put = async (text: string, sent: Readonly<Record<string, string>> = headers) => {
    const answer = await fetch(url, { method: 'PUT', headers: sent, body: Buffer.from(text) });
    return [answer.status, /<Code>(.*)<\/Code>/.exec(await answer.text())?.[1]];
  };
  expect(await put('gooD')).toEqual([400, 'InvalidDigest']);
  const { 'content-md5': _, ...without } = headers;
  expect(await put('gooD', without)).toEqual([403, 'SignatureDoesNotMatch']);
  const another = createHash('md5').update('gooD').digest('base64');
  expect(await put('gooD', { ...headers, 'content-md5': another })).toEqual([403, 'SignatureDoesNotMatch']);
  expect(await openStore().head('linked-md5')).toBeUndefined();
  expect(await put('good')).toEqual([200, undefined]);
});

test('a presigned link that forbids overwriting works once', async () => {
  const { url, headers } = await openStore().presignPut('linked-once', {
    contentLength: 4,
    forbidOverwrite: true,
    expiresInSeconds: 60,
  });
  const put = async (text: string) => (await fetch(url, { method: 'PUT', headers, body: Buffer.from(text) })).status;
  expect(await put('good')).toBe(200);
  expect(await put('evil')).toBe(409);
  expect((await openStore().read('linked-once', 10))?.toString()).toBe('good');
});

test('the keys of a role work, for calls and links, and may change from one call to the next', async () => {
  const role = (name: string) => oss.account.roleCredentials(`acs:ram::${oss.account.accountId}:role/${name}`);
  let credentials = role('first');
  const store = openStore({ credentials: () => credentials });
  await store.put('by-role', Buffer.from('1'));
  credentials = { ...role('second'), securityToken: 'not its token' };
  await expect(store.put('by-role', Buffer.from('2'))).rejects.toMatchObject({ code: 'platform_misconfigured' });
  credentials = role('third');
  const { url, headers } = await store.presignPut('by-role', { contentLength: 1, expiresInSeconds: 60 });
  expect((await fetch(url, { method: 'PUT', headers, body: Buffer.from('3') })).status).toBe(200);
  expect((await store.read('by-role', 1))?.toString()).toBe('3');
});

test('failures are told apart: transient ones, throttling, and refusals', async () => {
  const store = openStore({ endpoint: `http://localhost:${faulty.port}` });
  const impatient = openStore({ endpoint: `http://localhost:${faulty.port}`, timeoutMs: 100 });
  const put = () => store.put('faulty', Buffer.from('x'));
  const inject = (fault: Parameters<typeof faults.inject>[0]['fault']) =>
    faults.inject({ service: 'oss', times: 1, fault });
  const unavailable = { name: 'AppError', code: 'object_store_unavailable' };

  inject({ kind: 'error', status: 503 });
  await expect(put()).rejects.toMatchObject(unavailable);
  inject({ kind: 'error', status: 500 });
  await expect(store.head('faulty')).rejects.toMatchObject(unavailable);
  inject({ kind: 'hang' });
  await expect(impatient.put('faulty', Buffer.from('x'))).rejects.toMatchObject(unavailable);
  // Should it have given up before its request arrived, nobody else gets its fault.
  faults.clear();
  inject({ kind: 'error', status: 429 });
  await expect(store.list('')).rejects.toMatchObject({ code: 'vendor_throttled' });
  expect(await store.head('faulty')).toBeUndefined();
  inject({ kind: 'lost-response' });
  await expect(put()).rejects.toMatchObject(unavailable);
  expect(await store.head('faulty')).toMatchObject({ size: 1 });

  const refused = openStore({ bucket: 'no-such-bucket' }).put('a', Buffer.from('x'));
  await expect(refused).rejects.toMatchObject({
    code: 'platform_misconfigured',
    message: expect.stringMatching('NoSuchBucket'),
    remedy: expect.stringMatching('configuration of the release'),
  });
});

test.each([
  ['in seconds', 429, { 'retry-after': '97' }, 97],
  ['in seconds, in an outage', 503, { 'retry-after': '97' }, 97],
  ['as the delay of a throttled request, in milliseconds', 429, { 'x-oss-qos-delay-time': '96500' }, 97],
])('a wait that OSS states %s is kept', async (_, status, headers, retryAfterSeconds) => {
  const stating = await listen({
    handle(request, response) {
      request.resume();
      response.writeHead(status, headers).end('<Error><Code>Busy</Code></Error>');
    },
  });
  const store = openStore({ endpoint: `http://localhost:${stating.port}` });
  await expect(store.put('a', Buffer.from('x'))).rejects.toMatchObject({ details: { retryAfterSeconds } });
  await expect(store.list('')).rejects.toMatchObject({ details: { retryAfterSeconds } });
  await expect(store.get('a')).rejects.toMatchObject({ details: { retryAfterSeconds } });
  await stating.close();
});

test('a server that is not there is unavailable', async () => {
  const server = http.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  const port = typeof address === 'object' ? address?.port : undefined;
  const store = openStore({ endpoint: `http://localhost:${port}` });
  await expect(store.head('a')).rejects.toMatchObject({ code: 'object_store_unavailable' });
});
