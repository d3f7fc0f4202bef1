import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { crc64Ecma } from './crc64-ecma.ts';
import { type OssUnderTest, startOssUnderTest } from './oss-under-test.ts';

const KIB = 1024;
let oss: OssUnderTest;
beforeAll(async () => {
  oss = await startOssUnderTest();
});
afterAll(() => oss.close());

const blobCount = () => {
  const entries = readdirSync(path.join(oss.stateDirectory, 'oss-blobs'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
};

async function upload(key: string, parts: readonly Buffer[]) {
  const client = oss.client();
  const { uploadId } = await client.initMultipartUpload(key, { mime: 'video/mp4' });
  const sent = [];
  for (const [index, part] of parts.entries()) {
    const { etag } = await client.uploadPart(key, uploadId, index + 1, part, 0, part.length);
    sent.push({ number: index + 1, etag });
  }
  return { client, uploadId, sent };
}

test('parts sent in parallel become one object', async () => {
  const content = randomBytes(1_000_000);
  await oss.client().multipartUpload('parallel', content, { partSize: 100 * KIB });
  const got = await oss.client().get('parallel');
  const crc64 = crc64Ecma();
  crc64.update(content);
  expect(got.content.equals(content)).toBe(true);
  expect(got.res.headers).toMatchObject({
    etag: expect.stringMatching(/^"[0-9A-F]{32}-10"$/),
    'x-oss-object-type': 'Multipart',
    'x-oss-hash-crc64ecma': crc64.digest(),
  });
  expect(got.res.headers['content-md5']).toBeUndefined();
});

test('only the last part may be smaller than 100 KB', async () => {
  const small = await upload('small', [Buffer.alloc(100 * KIB - 1), Buffer.alloc(1)]);
  const refused = small.client.completeMultipartUpload('small', small.uploadId, small.sent);
  await expect(refused).rejects.toMatchObject({ status: 400, code: 'EntityTooSmall' });
  const exact = await upload('exact', [Buffer.alloc(100 * KIB), Buffer.alloc(1)]);
  await exact.client.completeMultipartUpload('exact', exact.uploadId, exact.sent);
  expect((await exact.client.head('exact')).res.headers).toMatchObject({
    'content-length': String(100 * KIB + 1),
    'content-type': 'video/mp4',
  });
});

test('a part sent again replaces the first, and its old hash no longer completes', async () => {
  const { client, uploadId, sent } = await upload('again', [Buffer.from('first')]);
  const second = await client.uploadPart('again', uploadId, 1, Buffer.from('second'), 0, 6);
  const stale = client.completeMultipartUpload('again', uploadId, sent);
  await expect(stale).rejects.toMatchObject({ status: 400, code: 'InvalidPart' });
  await client.completeMultipartUpload('again', uploadId, [{ number: 1, etag: second.etag }]);
  expect((await client.get('again')).content.toString()).toBe('second');
});

test('a finished upload accepts no further call, and leaves only its object', async () => {
  const before = blobCount();
  const completed = await upload('over', [Buffer.from('content')]);
  await completed.client.completeMultipartUpload('over', completed.uploadId, completed.sent);
  const aborted = await upload('never', [Buffer.from('content')]);
  await aborted.client.abortMultipartUpload('never', aborted.uploadId);
  expect(blobCount()).toBe(before + 1);
  const unknown = { status: 404, code: 'NoSuchUpload' };
  for (const [key, { client, uploadId, sent }] of Object.entries({ over: completed, never: aborted })) {
    await expect(client.uploadPart(key, uploadId, 1, Buffer.from('x'), 0, 1)).rejects.toMatchObject(unknown);
    await expect(client.completeMultipartUpload(key, uploadId, sent)).rejects.toMatchObject(unknown);
    await expect(client.abortMultipartUpload(key, uploadId)).rejects.toMatchObject(unknown);
  }
  await expect(aborted.client.head('never')).rejects.toMatchObject({ status: 404 });
});

test('an upload belongs to its key, part numbers end at 10,000, and forbid-overwrite holds on completing', async () => {
  const { client, uploadId, sent } = await upload('mine', [Buffer.from('content')]);
  const other = client.uploadPart('other', uploadId, 1, Buffer.from('x'), 0, 1);
  await expect(other).rejects.toMatchObject({ code: 'NoSuchUpload' });
  const beyond = client.uploadPart('mine', uploadId, 10_001, Buffer.from('x'), 0, 1);
  await expect(beyond).rejects.toMatchObject({ status: 400, code: 'InvalidArgument' });
  await client.put('mine', Buffer.from('was here first'));
  const headers = { 'x-oss-forbid-overwrite': 'true' };
  const late = client.completeMultipartUpload('mine', uploadId, sent, { headers });
  await expect(late).rejects.toMatchObject({ status: 409, code: 'FileAlreadyExists' });
  expect((await client.get('mine')).content.toString()).toBe('was here first');
});
