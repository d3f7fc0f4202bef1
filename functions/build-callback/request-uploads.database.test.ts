import { createHash } from 'node:crypto';
import { ossObjectStore } from '@miaobu/shared/adapters/aliyun/oss-object-store';
import { UPLOAD_BATCH } from '@miaobu/shared/contracts/build-job';
import { blobKey, MANIFEST_LIMITS } from '@miaobu/shared/contracts/manifest';
import { sql } from '@miaobu/shared/db/sql';
import { UPLOAD_SECONDS } from '@miaobu/shared/model/build/build-tokens';
import type { ObjectStore } from '@miaobu/shared/ports/object-store';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LOCAL_REGION } from '../../local/aliyun/account.ts';
import { type OssUnderTest, startOssUnderTest } from '../../local/aliyun/oss/oss-under-test.ts';
import {
  type CallbackUnderTest,
  callbackUnderTest,
  putUpload,
  sha256Of,
  type Upload,
} from '../../tests/database/callback-under-test.ts';
import {
  dispatchAttempt,
  openTestStore,
  prepareSite,
  queueTestDeployment,
  type Site,
  type TestStore,
} from '../../tests/database/prepare-deployment.ts';

let oss: OssUnderTest;
let objectStore: ObjectStore;
let stored: TestStore;
let callback: CallbackUnderTest;
let site: Site;
let slugs = 0;

beforeAll(async () => {
  oss = await startOssUnderTest();
  objectStore = ossObjectStore({
    endpoint: oss.endpoint,
    pathStyle: true,
    region: LOCAL_REGION,
    bucket: oss.bucket,
    credentials: () => oss.account.operator,
  });
  stored = await openTestStore();
  callback = callbackUnderTest(stored, {
    objectStore,
    // Uploads are the subject; only the preceding redemption needs an archive URL.
    codeHost: { archiveUrl: async () => 'https://archive.example/site.tar.gz' },
    buildLog: { append: () => Promise.reject(new Error('not asked for')) },
  });
});
beforeEach(async () => {
  await stored.empty();
  // The bucket is not emptied between tests, so each test uses its own project.
  slugs += 1;
  site = await prepareSite(stored, { slug: `site-${slugs}` });
});
afterAll(async () => {
  await stored.close();
  await oss.close();
});

/** A build that may upload. */
async function publishing() {
  const { id } = await queueTestDeployment(stored, site);
  const dispatched = await dispatchAttempt(stored, id);
  const run = callback.runOf(dispatched);
  const report = (await run.redeem()).data.token;
  const { token } = (await run.publication(report)).data;
  const uploads = async (...contents: string[]) => {
    const blobs = contents.map((content) => ({ sha256: sha256Of(content), bytes: Buffer.byteLength(content) }));
    return (await run.uploads(token, blobs)).data.uploads as (Upload & { sha256: string })[];
  };
  const upload = async (content: string) => {
    const [place] = await uploads(content);
    if (!place) throw new Error('the content is there already');
    return place;
  };
  return { ...dispatched, run, report, token, uploads, upload };
}
const markVerified = (content: string) =>
  stored.store.blobs.markVerified(site.project.id, [{ sha256: sha256Of(content), bytes: Buffer.byteLength(content) }]);
const keyOf = (content: string) => blobKey(site.project.slug, sha256Of(content));
const blob = (bytes: number) => ({ sha256: 'a'.repeat(64), bytes });

describe('uploads', () => {
  test('are requested for unverified contents, and for no others', async () => {
    await markVerified('there');
    const build = await publishing();
    const uploads = await build.uploads('there', 'missing', 'missing', '');
    expect(uploads.map(({ sha256 }) => sha256).sort()).toEqual([sha256Of('missing'), sha256Of('')].sort());
    for (const { url, sha256 } of uploads) expect(new URL(url).pathname).toContain(blobKey(site.project.slug, sha256));
  });

  test('an uploaded but unverified content is requested again: the hash in its name proves nothing', async () => {
    const build = await publishing();
    expect((await putUpload(await build.upload('page'), 'page')).status).toBe(200);
    expect(await build.uploads('page')).toHaveLength(1);
    await markVerified('page');
    expect(await build.uploads('page')).toEqual([]);
  });

  test('contents of another project do not count', async () => {
    await markVerified('shared');
    site = await prepareSite(stored, { slug: `other-${slugs}` });
    expect(await (await publishing()).uploads('shared')).toHaveLength(1);
  });

  test('every requested content is recorded as wanted, including those that exist', async () => {
    await markVerified('there');
    await stored.moveClock(86_400);
    await (await publishing()).uploads('there', 'missing');
    const unwanted = await stored.store.blobs.listUnwanted(
      site.project.id,
      { verified: 3600, unverified: 3600 },
      10,
      '',
    );
    expect(unwanted).toEqual([]);
  });

  test('up to a thousand are requested at once, and no more', async () => {
    const build = await publishing();
    const blobs = Array.from({ length: UPLOAD_BATCH + 1 }, (_, n) => ({ sha256: sha256Of(String(n)), bytes: 1 }));
    expect((await build.run.uploads(build.token, blobs.slice(1))).data.uploads).toHaveLength(UPLOAD_BATCH);
    expect(await build.run.uploads(build.token, blobs)).toMatchObject({ status: 422, code: 'invalid_request' });
    expect(await build.run.uploads(build.token, [])).toMatchObject({ status: 422 });
  });

  test('above 100 MB are refused, and nothing of that request is recorded', async () => {
    const build = await publishing();
    const large = [{ sha256: 'b'.repeat(64), bytes: 1 }, blob(MANIFEST_LIMITS.fileBytes + 1)];
    expect(await build.run.uploads(build.token, large)).toMatchObject({ status: 422, code: 'artifact_invalid' });
    expect(await stored.db.query(sql`select 1 from blobs`)).toEqual([]);
    expect(await build.run.uploads(build.token, [blob(MANIFEST_LIMITS.fileBytes)])).toMatchObject({ status: 200 });
  });

  test.each([-1, 0.5, '3', null])('of %j bytes are refused', async (bytes) => {
    const build = await publishing();
    const body = [{ sha256: 'a'.repeat(64), bytes: bytes as number }];
    expect(await build.run.uploads(build.token, body)).toMatchObject({ status: 422, code: 'invalid_request' });
  });
});

describe('a link', () => {
  test('stores the content under its hash', async () => {
    const build = await publishing();
    for (const content of ['中文 content', '']) {
      expect((await putUpload(await build.upload(content), content)).status).toBe(200);
      expect((await objectStore.read(keyOf(content), 100))?.toString()).toBe(content);
    }
  });

  test('accepts exactly as many bytes as were announced', async () => {
    const build = await publishing();
    const { url, headers } = await build.upload('four');
    for (const content of ['fo', 'four and more']) {
      const sent = { url, headers: { ...headers, 'content-length': String(Buffer.byteLength(content)) } };
      expect((await putUpload(sent, content)).status).toBe(403);
    }
    expect(await objectStore.head(keyOf('four'))).toBeUndefined();
    expect((await putUpload({ url, headers }, 'four')).status).toBe(200);
  });

  test('accepts only what the build announced, if it gave a digest: damaged data is not stored', async () => {
    const build = await publishing();
    const md5 = createHash('md5').update('good').digest('base64');
    const { data } = await build.run.uploads(build.token, [{ sha256: sha256Of('good'), bytes: 4, md5 }]);
    const [place] = data.uploads as Upload[];
    if (!place) throw new Error('nothing to upload');
    expect(place.headers['content-md5']).toBe(md5);
    expect((await putUpload(place, 'gooD')).status).toBe(400);
    expect(await objectStore.head(keyOf('good'))).toBeUndefined();
    expect((await putUpload(place, 'good')).status).toBe(200);
    const wrong = [{ sha256: sha256Of('good'), bytes: 4, md5: 'no digest' }];
    expect(await build.run.uploads(build.token, wrong)).toMatchObject({ status: 422, code: 'invalid_request' });
  });

  test('works once: a content cannot be overwritten, with this link or another', async () => {
    const build = await publishing();
    const [link, other] = [await build.upload('good'), await build.upload('good')];
    expect((await putUpload(link, 'good')).status).toBe(200);
    expect((await putUpload(link, 'evil')).status).toBe(409);
    expect((await putUpload(other, 'evil')).status).toBe(409);
    expect((await objectStore.read(keyOf('good'), 100))?.toString()).toBe('good');
  });

  test('cannot be altered to overwrite, go elsewhere, read, or delete', async () => {
    const build = await publishing();
    const { url, headers } = await build.upload('good');
    const { 'x-oss-forbid-overwrite': _, ...without } = headers;
    expect((await putUpload({ url, headers: without }, 'good')).status).toBe(403);
    const elsewhere = url.replace(sha256Of('good'), sha256Of('other'));
    expect((await putUpload({ url: elsewhere, headers }, 'good')).status).toBe(403);
    expect((await putUpload({ url, headers }, 'good')).status).toBe(200);
    for (const method of ['GET', 'DELETE']) expect((await fetch(url, { method })).status).toBe(403);
  });

  test('expires after a quarter of an hour', async () => {
    const link = await (await publishing()).upload('late');
    oss.moveClock((UPLOAD_SECONDS + 1) * 1000);
    expect((await putUpload(link, 'late')).status).toBe(403);
    oss.moveClock(-(UPLOAD_SECONDS + 1) * 1000);
    expect((await putUpload(link, 'late')).status).toBe(200);
  });
});

describe('the manifest', () => {
  test('is for a location of its attempt alone, with its exact length', async () => {
    const build = await publishing();
    const text = '{"v":1}';
    const { status, data } = await build.run.manifest(build.token, { sha256: sha256Of(text), bytes: text.length });
    expect(status).toBe(200);
    const place = data as unknown as Upload;
    expect(place.headers).toMatchObject({ 'content-type': 'application/json', 'content-length': '7' });
    expect((await putUpload(place, text)).status).toBe(200);
    const key = `projects/${site.project.slug}/${build.shownId}/manifest-1.json`;
    expect((await objectStore.read(key, 100))?.toString()).toBe(text);
  });

  test('above 32 MB is refused', async () => {
    const build = await publishing();
    const large = { sha256: 'a'.repeat(64), bytes: 32 * 1024 * 1024 + 1 };
    expect(await build.run.manifest(build.token, large)).toMatchObject({ status: 422, code: 'artifact_invalid' });
  });
});

test('uploading ends with the build: reported, failed or cancelled', async () => {
  const endings: ((build: Awaited<ReturnType<typeof publishing>>) => Promise<unknown>)[] = [
    ({ run, report }) =>
      run.report(report, {
        seq: 1,
        kind: 'uploaded',
        manifest_sha256: 'a'.repeat(64),
        manifest_bytes: 1,
        build_seconds: 0,
      }),
    ({ run, report }) => run.report(report, { seq: 1, kind: 'failed', code: 'upload_failed', message: 'no' }),
    ({ deploymentId }) =>
      stored.store.deployments.move(deploymentId, { to: 'cancelled', by: 'api', requestId: 'test' }),
  ];
  for (const end of endings) {
    const build = await publishing();
    await end(build);
    const closed = { status: 409, code: 'attempt_closed' };
    expect(await build.run.uploads(build.token, [blob(1)])).toMatchObject(closed);
    expect(await build.run.manifest(build.token, blob(1))).toMatchObject(closed);
  }
});
