import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../../tests/patience.ts';
import { LOCAL_REGION } from '../account.ts';
import { type OssUnderTest, startOssUnderTest } from './oss-under-test.ts';

let oss: OssUnderTest;
beforeEach(async () => {
  oss = await startOssUnderTest();
});
afterEach(() => oss.close());

const blobFiles = (stateDirectory = oss.stateDirectory) =>
  readdirSync(path.join(stateDirectory, 'oss-blobs'), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );

/** Begins a PUT that announces more than it sends, and returns once its first bytes are on disk, in a new file. */
async function beginPut(url: string, stateDirectory = oss.stateDirectory): Promise<http.ClientRequest> {
  const before = blobFiles(stateDirectory).length;
  const request = http.request(url, { method: 'PUT', headers: { 'content-length': '1000000' } });
  request.on('error', () => {}); // it is going to be cut off
  request.write(Buffer.alloc(100_000, 'x'));
  await vi.waitUntil(() => blobFiles(stateDirectory).length === before + 1, PATIENCE);
  return request;
}

test('objects, their metadata and unfinished uploads survive a restart', async () => {
  const client = oss.client();
  await client.put('kept', Buffer.from('content'), { mime: 'text/plain', meta: { a: 'b' } });
  const { uploadId } = await client.initMultipartUpload('parts');
  const { etag } = await client.uploadPart('parts', uploadId, 1, Buffer.from('part'), 0, 4);
  const before = (await client.head('kept')).res.headers;
  await oss.restart();
  const after = await client.head('kept');
  expect(after.meta).toEqual({ a: 'b' });
  for (const name of ['etag', 'content-type', 'last-modified', 'x-oss-hash-crc64ecma']) {
    expect(after.res.headers[name]).toBe(before[name]);
  }
  expect((await client.get('kept')).content.toString()).toBe('content');
  await client.completeMultipartUpload('parts', uploadId, [{ number: 1, etag }]);
  expect((await client.get('parts')).content.toString()).toBe('part');
});

test('an upload that is cut off leaves the old object and no file', async () => {
  const client = oss.client();
  await client.put('replaced', Buffer.from('old'));
  const request = await beginPut(await client.signatureUrlV4('PUT', 60, {}, 'replaced'));
  request.destroy();
  await vi.waitUntil(() => blobFiles().length === 1, PATIENCE);
  expect((await client.get('replaced')).content.toString()).toBe('old');
});

test('of two writers of one key, one wins completely, and nothing of the other stays', async () => {
  const client = oss.client();
  const contents = ['a', 'b', 'c', 'd'].map((letter) => Buffer.alloc(400_000, letter));
  await Promise.all(contents.map((content) => client.put('contested', content)));
  const { content } = await client.get('contested');
  expect(contents.some((candidate) => candidate.equals(content))).toBe(true);
  expect(blobFiles()).toHaveLength(1);
});

test('of two writers that forbid overwriting exactly one succeeds', async () => {
  const client = oss.client();
  const headers = { 'x-oss-forbid-overwrite': 'true' };
  const outcomes = await Promise.allSettled(
    ['first', 'second', 'third'].map((text) => client.put('once', Buffer.alloc(200_000, text), { headers })),
  );
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected').map((outcome) => outcome.reason.code);
  expect(refused).toEqual(['FileAlreadyExists', 'FileAlreadyExists']);
});

test('a reader keeps the content it started with while the object is replaced', async () => {
  const old = Buffer.alloc(5_000_000, 'old');
  await oss.emulator().writeObject(oss.bucket, 'read', old);
  const object = oss.emulator().readObject(oss.bucket, 'read');
  await oss.emulator().writeObject(oss.bucket, 'read', Buffer.from('new'));
  expect(Buffer.concat((await object?.body.toArray()) ?? []).equals(old)).toBe(true);
  expect((await oss.client().get('read')).content.toString()).toBe('new');
});

/** The emulator in a process of its own, to be killed. */
async function startInChild(stateDirectory: string) {
  const module = (file: string) => JSON.stringify(path.join(import.meta.dirname, file));
  const program = `
    const { createOssEmulator } = await import(${module('create-oss-emulator.ts')});
    const { createAccount } = await import(${module('../account.ts')});
    const { listen } = await import(${module('../../wire/emulator.ts')});
    const account = createAccount('seed of a test');
    const stateDirectory = ${JSON.stringify(stateDirectory)};
    const emulator = createOssEmulator({ account, stateDirectory, region: ${JSON.stringify(LOCAL_REGION)} });
    console.log((await listen(emulator)).port);
  `;
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [port] = await once(createInterface(child.stdout), 'line');
  return {
    client: oss.client({ endpoint: `http://localhost:${port}` }),
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

test('after kill -9 in the middle of an upload everything acknowledged is there, and nothing else', async () => {
  const stateDirectory = path.join(oss.stateDirectory, 'killed');
  const first = await startInChild(stateDirectory);
  await first.client.putBucket(oss.bucket);
  await first.client.put('answered', Buffer.from('answered'));
  await beginPut(await first.client.signatureUrlV4('PUT', 60, {}, 'cut-off'), stateDirectory);
  await first.kill();
  expect(blobFiles(stateDirectory)).toHaveLength(2);

  const second = await startInChild(stateDirectory);
  try {
    expect((await second.client.get('answered')).content.toString()).toBe('answered');
    expect((await second.client.listV2({})).objects.map((object) => object.name)).toEqual(['answered']);
    expect(blobFiles(stateDirectory)).toHaveLength(1);
  } finally {
    await second.kill();
  }
});
