import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { crc64Ecma } from './crc64-ecma.ts';
import { type OssUnderTest, sendRaw, startOssUnderTest } from './oss-under-test.ts';

let oss: OssUnderTest;
beforeAll(async () => {
  oss = await startOssUnderTest();
});
afterAll(() => oss.close());

test('what is put is got back with its headers, hashes and metadata', async () => {
  const client = oss.client();
  const content = randomBytes(300_000);
  await client.put('dir/a file.bin', content, {
    mime: 'application/x-thing',
    headers: { 'Cache-Control': 'max-age=60', 'Content-Encoding': 'identity' },
    meta: { purpose: 'test' },
  });
  const crc64 = crc64Ecma();
  crc64.update(content);
  const md5 = createHash('md5').update(content).digest('hex').toUpperCase();

  const got = await client.get('dir/a file.bin');
  expect(got.content.equals(content)).toBe(true);
  expect(got.res.headers).toMatchObject({
    'content-type': 'application/x-thing',
    'content-length': '300000',
    'cache-control': 'max-age=60',
    'content-encoding': 'identity',
    etag: `"${md5}"`,
    'x-oss-hash-crc64ecma': crc64.digest(),
    'x-oss-object-type': 'Normal',
    'x-oss-request-id': expect.stringMatching(/^[0-9A-F]{24}$/),
    'last-modified': expect.stringMatching(/ GMT$/),
  });
  const head = await client.head('dir/a file.bin');
  expect(head.res.headers).toMatchObject({ 'content-length': '300000', etag: `"${md5}"` });
  expect(head.meta).toEqual({ purpose: 'test' });
});

test('a stream of unknown length and an empty object arrive whole', async () => {
  const client = oss.client();
  await client.put('streamed', Readable.from([Buffer.from('one '), Buffer.from('two')]));
  await client.put('empty', Buffer.alloc(0));
  expect((await client.get('streamed')).content.toString()).toBe('one two');
  expect((await client.get('empty')).content.length).toBe(0);
});

test.each(['ключ/鍵/🔑.txt', "plus+space %25 & <tag> ' ! ( ) * ~", `${'長'.repeat(340)}.js`, 'trailing/slash/'])(
  'the key %s is only a name: it is stored, listed and deleted',
  async (key) => {
    const client = oss.client();
    await client.put(key, Buffer.from(key));
    expect((await client.get(key)).content.toString()).toBe(key);
    const listed = await client.listV2({ prefix: key });
    expect(listed.objects.map((object) => object.name)).toEqual([key]);
    await client.delete(key);
    await expect(client.head(key)).rejects.toMatchObject({ status: 404 });
  },
);

test.each(['../../etc/passwd', 'a/../b/./c'])('the dots of the key %s lead nowhere', async (key) => {
  const client = oss.client();
  const put = await sendRaw(await client.signatureUrlV4('PUT', 60, {}, key), { method: 'PUT', body: Buffer.from(key) });
  expect(put.status).toBe(200);
  const got = await sendRaw(await client.signatureUrlV4('GET', 60, {}, key));
  expect(got).toMatchObject({ status: 200, text: key });
  const listed = await client.listV2({ prefix: key });
  expect(listed.objects.map((object) => object.name)).toEqual([key]);
});

test('a key of 1023 bytes is the longest', async () => {
  const client = oss.client();
  await client.put('k'.repeat(1023), Buffer.from('fits'));
  await expect(client.put('k'.repeat(1024), Buffer.from('no'))).rejects.toMatchObject({
    status: 400,
    code: 'InvalidObjectName',
  });
});

test('a missing key, a missing bucket and a bad bucket name are told apart', async () => {
  await expect(oss.client().get('nowhere')).rejects.toMatchObject({ status: 404, code: 'NoSuchKey' });
  const elsewhere = oss.client({ bucket: 'no-such-bucket' });
  await expect(elsewhere.put('a', Buffer.from('a'))).rejects.toMatchObject({ status: 404, code: 'NoSuchBucket' });
  await expect(oss.client().putBucket('new-bucket')).resolves.toMatchObject({ bucket: 'new-bucket' });
  const info = await oss.client().getBucketInfo('new-bucket');
  expect(info.bucket).toMatchObject({ Name: 'new-bucket', AccessControlList: { Grant: 'private' } });
  await expect(oss.client().putBucket('public-one', { acl: 'public-read' })).rejects.toMatchObject({
    code: 'AccessDenied',
  });
});

test('content that does not match its Content-MD5 is not stored', async () => {
  const client = oss.client();
  const md5 = createHash('md5').update('something else').digest('base64');
  const wrong = client.put('digest', Buffer.from('content'), { headers: { 'Content-MD5': md5 } });
  await expect(wrong).rejects.toMatchObject({ status: 400, code: 'InvalidDigest' });
  const senseless = client.put('digest', Buffer.from('content'), { headers: { 'Content-MD5': 'abc' } });
  await expect(senseless).rejects.toMatchObject({ status: 400, code: 'InvalidDigest' });
  await expect(client.head('digest')).rejects.toMatchObject({ status: 404 });
});

test('forbid-overwrite keeps the first object', async () => {
  const client = oss.client();
  const headers = { 'x-oss-forbid-overwrite': 'true' };
  await client.put('once', Buffer.from('first'), { headers });
  await expect(client.put('once', Buffer.from('second'), { headers })).rejects.toMatchObject({
    status: 409,
    code: 'FileAlreadyExists',
  });
  expect((await client.get('once')).content.toString()).toBe('first');
  await client.put('once', Buffer.from('third'));
  expect((await client.get('once')).content.toString()).toBe('third');
});

test('a conditional request that finds nothing new is answered 304, a failed precondition 412', async () => {
  const client = oss.client();
  await client.put('conditional', Buffer.from('content'));
  const { headers } = (await client.head('conditional')).res;
  const etag = String(headers.etag);
  const lastModified = String(headers['last-modified']);
  const status = async (condition: Record<string, string>) =>
    (await client.get('conditional', { headers: condition })).res.status;
  expect(await status({ 'If-None-Match': etag })).toBe(304);
  expect(await status({ 'If-None-Match': '"other"' })).toBe(200);
  expect(await status({ 'If-Modified-Since': lastModified })).toBe(304);
  expect(await status({ 'If-Modified-Since': new Date(0).toUTCString() })).toBe(200);
  expect(await status({ 'If-None-Match': '"other"', 'If-Modified-Since': lastModified })).toBe(200);
  expect(await status({ 'If-Match': etag })).toBe(200);
  await expect(status({ 'If-Match': '"other"' })).rejects.toMatchObject({ status: 412, code: 'PreconditionFailed' });
  await expect(status({ 'If-Unmodified-Since': new Date(0).toUTCString() })).rejects.toMatchObject({ status: 412 });
});

test('a range is cut out; one that exceeds the object is ignored unless standard behaviour is requested', async () => {
  const client = oss.client();
  await client.put('ranged', Buffer.from('0123456789'));
  const range = async (value: string, more: Record<string, string> = {}) => {
    const { content, res } = await client.get('ranged', { headers: { Range: value, ...more } });
    return `${res.status} ${content} ${res.headers['content-range'] ?? '-'}`;
  };
  expect(await range('bytes=2-4')).toBe('206 234 bytes 2-4/10');
  expect(await range('bytes=7-')).toBe('206 789 bytes 7-9/10');
  expect(await range('bytes=-3')).toBe('206 789 bytes 7-9/10');
  expect(await range('bytes=0-0,5-6')).toBe('206 0 bytes 0-0/10');
  expect(await range('bytes=5-20')).toBe('200 0123456789 -');
  expect(await range('bytes=20-30')).toBe('200 0123456789 -');
  expect(await range('lines=1-2')).toBe('200 0123456789 -');
  const standard = { 'x-oss-range-behavior': 'standard' };
  expect(await range('bytes=5-20', standard)).toBe('206 56789 bytes 5-9/10');
  await expect(range('bytes=20-30', standard)).rejects.toMatchObject({ status: 416, code: 'InvalidRange' });
});

test('deleting is idempotent, one by one and many at once', async () => {
  const client = oss.client();
  for (const key of ['gone/1', 'gone/2', 'gone/<&>']) await client.put(key, Buffer.from(key));
  expect((await client.delete('gone/1')).res.status).toBe(204);
  expect((await client.delete('gone/1')).res.status).toBe(204);
  const verbose = await client.deleteMulti(['gone/1', 'gone/2']);
  expect(verbose.deleted).toEqual([{ Key: 'gone/1' }, { Key: 'gone/2' }]);
  const quiet = await client.deleteMulti(['gone/<&>'], { quiet: true });
  expect(quiet.deleted).toEqual([]);
  expect((await client.listV2({ prefix: 'gone/' })).objects).toEqual([]);
  const tooMany = Array.from({ length: 1001 }, (_, index) => `gone/${index}`);
  await expect(client.deleteMulti(tooMany)).rejects.toMatchObject({ status: 400, code: 'MalformedXML' });
});

test('what OSS has and this emulator does not is refused, not ignored', async () => {
  const client = oss.client();
  const copy = client.put('copy', Buffer.from(''), { headers: { 'x-oss-copy-source': '/contract-bucket/once' } });
  await expect(copy).rejects.toMatchObject({ status: 400, code: 'NotImplemented' });
  const answer = await fetch(await client.signatureUrlV4('GET', 60, { queries: { versionId: 'v1' } }, 'once'));
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('<Code>NotImplemented</Code>');
});

test('other services of the local cloud read and write without a signature', async () => {
  await oss.emulator().writeObject(oss.bucket, 'inside', Buffer.from('from inside'), { contentType: 'text/plain' });
  const viaWire = await oss.client().get('inside');
  expect(viaWire.content.toString()).toBe('from inside');
  const object = oss.emulator().readObject(oss.bucket, 'inside');
  expect(object).toMatchObject({ size: 11, contentType: 'text/plain', etag: viaWire.res.headers.etag });
  expect(await object?.body.toArray()).toEqual([Buffer.from('from inside')]);
  expect(oss.emulator().readObject(oss.bucket, 'missing')).toBeUndefined();
  expect(oss.emulator().readObject('missing', 'inside')).toBeUndefined();
});
