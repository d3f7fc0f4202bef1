import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientCredentials, type OssUnderTest, sendRaw, startOssUnderTest } from './oss-under-test.ts';

const MINUTE = 60_000;
const content = Buffer.from('signed content');
let oss: OssUnderTest;
beforeAll(async () => {
  oss = await startOssUnderTest();
  await oss.emulator().writeObject(oss.bucket, 'secret.txt', content, { contentType: 'text/plain' });
});
afterAll(() => oss.close());

const codeOf = (text: string) => /<Code>(\w+)<\/Code>/.exec(text)?.[1];
const answerOf = async (response: Response) => `${response.status} ${codeOf(await response.text()) ?? 'ok'}`;
const put = async (url: string, headers: Record<string, string> = {}, body = content) =>
  answerOf(await fetch(url, { method: 'PUT', headers, body }));

test('an anonymous request is refused, with an XML body and, for HEAD, in a header', async () => {
  const url = `${oss.endpoint}/${oss.bucket}/secret.txt`;
  const refused = await fetch(url);
  expect(refused.status).toBe(403);
  expect(refused.headers.get('content-type')).toBe('application/xml');
  const body = await refused.text();
  expect(codeOf(body)).toBe('AccessDenied');
  expect(body).toContain(`<RequestId>${refused.headers.get('x-oss-request-id')}</RequestId>`);
  const head = await fetch(url, { method: 'HEAD' });
  expect(head.status).toBe(403);
  expect(codeOf(Buffer.from(head.headers.get('x-oss-err') ?? '', 'base64').toString())).toBe('AccessDenied');
  expect(await answerOf(await fetch(`${oss.endpoint}/${oss.bucket}?list-type=2`))).toBe('403 AccessDenied');
  expect(await answerOf(await fetch(url, { method: 'PUT', body: 'x' }))).toBe('403 AccessDenied');
});

for (const authorizationV4 of [true, false]) {
  const version = authorizationV4 ? 'V4' : 'V1';

  test(`${version}: every kind of call is accepted with the right secret`, async () => {
    const client = oss.client({ authorizationV4 });
    const key = `${version}/ключ +%.txt`;
    await client.put(key, content, { meta: { a: '1', b: '2' } });
    expect((await client.get(key)).content.equals(content)).toBe(true);
    const listed = await client.listV2({ prefix: `${version}/`, 'max-keys': 1 });
    expect(listed.objects.map((object) => object.name)).toEqual([key]);
    await client.multipartUpload(`${version}/parts`, Buffer.alloc(250_000, version), { partSize: 102_400 });
    const page = await client.listV2({ prefix: `${version}/`, 'max-keys': 1 });
    const next = String(page.nextContinuationToken);
    expect((await client.listV2({ prefix: `${version}/`, 'continuation-token': next })).keyCount).toBe(1);
    expect((await client.deleteMulti([`${version}/parts`])).deleted).toHaveLength(1);
    expect((await client.delete(key)).res.status).toBe(204);
  });

  test(`${version}: a wrong secret and an unknown key are refused`, async () => {
    const wrong = oss.client({ authorizationV4, accessKeySecret: 'wrong' });
    await expect(wrong.get('secret.txt')).rejects.toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
    const unknown = oss.client({ authorizationV4, accessKeyId: 'LTAInobody' });
    await expect(unknown.get('secret.txt')).rejects.toMatchObject({ status: 403, code: 'InvalidAccessKeyId' });
  });

  test(`${version}: temporary keys need their own token, permanent keys must come without one`, async () => {
    const role = oss.account.roleCredentials(`acs:ram::${oss.account.accountId}:role/reader`);
    const other = oss.account.roleCredentials(`acs:ram::${oss.account.accountId}:role/other`);
    const status = (credentials: typeof role) =>
      oss
        .client({ authorizationV4, ...clientCredentials(credentials) })
        .get('secret.txt')
        .then(
          () => 'ok',
          (error: { code: string }) => error.code,
        );
    expect(await status(role)).toBe('ok');
    const { accessKeyId, accessKeySecret } = role;
    expect(await status({ accessKeyId, accessKeySecret })).toBe('InvalidAccessKeyId');
    const token = String(other.securityToken);
    expect(await status({ accessKeyId, accessKeySecret, securityToken: token })).toBe('InvalidSecurityToken');
    expect(await status({ ...oss.account.operator, securityToken: token })).toBe('InvalidAccessKeyId');
  });

  test(`${version}: a request whose clock is off by more than 15 minutes is refused`, async () => {
    const client = oss.client({ authorizationV4 });
    for (const direction of [1, -1]) {
      oss.moveClock(direction * 14 * MINUTE);
      await client.get('secret.txt');
      oss.moveClock(direction * 2 * MINUTE);
      const skewed = client.get('secret.txt');
      await expect(skewed).rejects.toMatchObject({ status: 403, code: 'RequestTimeTooSkewed' });
      oss.moveClock(direction * -16 * MINUTE);
    }
  });
}

test('only the account itself may create its bucket a second time', async () => {
  const role = oss.account.roleCredentials(`acs:ram::${oss.account.accountId}:role/deploy`);
  await oss.client().putBucket(oss.bucket);
  const again = oss.client(clientCredentials(role)).putBucket(oss.bucket);
  await expect(again).rejects.toMatchObject({ status: 409, code: 'BucketAlreadyExists' });
});

test('V4: a scope for another region is refused', async () => {
  const elsewhere = oss.client({ region: 'cn-shanghai' }).get('secret.txt');
  await expect(elsewhere).rejects.toMatchObject({
    status: 400,
    code: 'InvalidArgument',
    message: 'Invalid signing region in Authorization header.',
  });
});

test('a tampered header, path or query breaks the signature', async () => {
  const client = oss.client();
  const url = await client.signatureUrlV4('PUT', 60, { headers: { 'x-oss-meta-owner': 'me' } }, 'tampered');
  expect(await put(url, { 'x-oss-meta-owner': 'you' })).toBe('403 SignatureDoesNotMatch');
  expect(await put(url.replace('/tampered?', '/other?'), { 'x-oss-meta-owner': 'me' })).toBe(
    '403 SignatureDoesNotMatch',
  );
  const longer = url.replace('x-oss-expires=60', 'x-oss-expires=6000');
  expect(await put(longer, { 'x-oss-meta-owner': 'me' })).toBe('403 SignatureDoesNotMatch');
  expect(await answerOf(await fetch(url))).toBe('403 SignatureDoesNotMatch');
  await expect(client.head('tampered')).rejects.toMatchObject({ status: 404 });
  expect(await put(url, { 'x-oss-meta-owner': 'me' })).toBe('200 ok');
});

test('an upload that is refused gets its answer even if it has just begun', async () => {
  const large = Buffer.alloc(8_000_000);
  expect(await put(`${oss.endpoint}/${oss.bucket}/large`, {}, large)).toBe('403 AccessDenied');
});

test('a presigned V4 URL takes exactly the headers it was signed with', async () => {
  const client = oss.client();
  const bare = await client.signatureUrlV4('PUT', 60, {}, 'bare');
  expect(await put(bare, { 'content-type': 'text/html' })).toBe('403 SignatureDoesNotMatch');
  const md5 = createHash('md5').update(content).digest('base64');
  expect(await put(bare, { 'content-md5': md5 })).toBe('403 SignatureDoesNotMatch');
  expect(await put(bare, { 'x-oss-forbid-overwrite': 'false' })).toBe('403 SignatureDoesNotMatch');
  expect(await put(bare, { 'cache-control': 'no-store' })).toBe('200 ok');

  const typed = await client.signatureUrlV4('PUT', 60, { headers: { 'content-type': 'text/html' } }, 'typed');
  expect(await put(typed)).toBe('403 SignatureDoesNotMatch');
  expect(await put(typed, { 'content-type': 'text/html' })).toBe('200 ok');
  expect((await client.get('typed')).res.headers['content-type']).toBe('text/html');
});

test('a presigned V4 URL that binds the length takes no other length', async () => {
  const headers = { 'content-length': String(content.length) };
  const url = await oss.client().signatureUrlV4('PUT', 60, { headers }, 'bound', ['content-length']);
  expect(await put(url, {}, Buffer.concat([content, content]))).toBe('403 SignatureDoesNotMatch');
  const chunked = await sendRaw(url, { method: 'PUT', headers: { 'transfer-encoding': 'chunked' }, body: content });
  expect(chunked.status).toBe(403);
  expect(await put(url)).toBe('200 ok');
});

test('presigned URLs work until they expire: V4, and V1 as well', async () => {
  const client = oss.client();
  const role = oss.account.roleCredentials(`acs:ram::${oss.account.accountId}:role/reader`);
  const urls = [
    await client.signatureUrlV4('GET', 600, {}, 'secret.txt'),
    client.signatureUrl('secret.txt', { expires: 600 }),
    await oss.client(clientCredentials(role)).signatureUrlV4('GET', 600, {}, 'secret.txt'),
    oss.client(clientCredentials(role)).signatureUrl('secret.txt', { expires: 600 }),
  ];
  const statuses = () => Promise.all(urls.map(async (url) => answerOf(await fetch(url))));
  expect(await statuses()).toEqual(urls.map(() => '200 ok'));
  oss.moveClock(11 * MINUTE);
  expect(await statuses()).toEqual(urls.map(() => '403 AccessDenied'));
  oss.moveClock(-11 * MINUTE);
  const stripped = urls.slice(2).map((url) => url.replace(/(x-oss-)?security-token=[^&]*&?/, ''));
  expect(await Promise.all(stripped.map(async (url) => answerOf(await fetch(url))))).toEqual(
    stripped.map(() => '403 InvalidAccessKeyId'),
  );
});

test('a presigned V1 URL binds method and content type', async () => {
  const url = oss.client().signatureUrl('v1-put', { method: 'PUT', 'Content-Type': 'text/css', expires: 60 });
  expect(await put(url)).toBe('403 SignatureDoesNotMatch');
  expect(await answerOf(await fetch(url))).toBe('403 SignatureDoesNotMatch');
  expect(await put(url, { 'content-type': 'text/css' })).toBe('200 ok');
  expect(await answerOf(await fetch(url.replace(/Signature=[^&]*&?/, '')))).toBe('403 AccessDenied');
});

test('a presigned V4 URL lives for a week at most', async () => {
  const url = await oss.client().signatureUrlV4('GET', 7 * 24 * 3600 + 1, {}, 'secret.txt');
  expect(await answerOf(await fetch(url))).toBe('400 InvalidArgument');
});
