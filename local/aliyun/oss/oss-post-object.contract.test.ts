import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientCredentials, type OssUnderTest, startOssUnderTest } from './oss-under-test.ts';

let oss: OssUnderTest;
beforeAll(async () => {
  oss = await startOssUnderTest();
});
afterAll(() => oss.close());

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();
const permissive = () => ({ expiration: inAnHour(), conditions: [['content-length-range', 1, 1000]] });

interface Attempt {
  readonly policy?: object;
  readonly fields?: Record<string, string>;
  readonly content?: string | Buffer<ArrayBuffer>;
}

async function post({ policy = permissive(), fields = {}, content = 'export default {}' }: Attempt) {
  const form = new FormData();
  const signed = { ...oss.client().calculatePostSignature(policy), key: 'routines/a.js', ...fields };
  for (const [name, value] of Object.entries(signed)) form.set(name, value);
  form.set('file', new Blob([content], { type: 'text/javascript' }), 'index.js');
  const response = await fetch(`${oss.endpoint}/${oss.bucket}`, { method: 'POST', body: form });
  const text = await response.text();
  return { status: response.status, code: /<Code>(\w+)<\/Code>/.exec(text)?.[1], text };
}

test('a form with a signed policy uploads its file', async () => {
  const content = Buffer.from(`--not a delimiter\r\n--${'x'.repeat(700)}\r\n`);
  const fields = { 'x:codeDescription': 'first', 'Content-Type': 'text/javascript', success_action_status: '200' };
  expect(await post({ content, fields })).toMatchObject({ status: 200, text: '' });
  const got = await oss.client().get('routines/a.js');
  expect(got.content.equals(content)).toBe(true);
  expect(got.res.headers['content-type']).toBe('text/javascript');
});

test('by default it answers 204; with 201 it reports what it stored', async () => {
  expect((await post({})).status).toBe(204);
  const created = await post({ fields: { success_action_status: '201', key: `up/$\{filename}` } });
  expect(created.status).toBe(201);
  expect(created.text).toContain('<Key>up/index.js</Key>');
});

test('the file may be far longer than one chunk', async () => {
  const content = Buffer.alloc(3_000_000, 'line\r\n--');
  const policy = { expiration: inAnHour(), conditions: [['content-length-range', 0, 3_000_000]] };
  expect((await post({ content, policy, fields: { key: 'long' } })).status).toBe(204);
  expect((await oss.client().get('long')).content.equals(content)).toBe(true);
});

test.each([
  ['an expired policy', { expiration: new Date(0).toISOString(), conditions: [{ key: 'routines/a.js' }] }],
  ['another key', { expiration: inAnHour(), conditions: [['eq', '$key', 'routines/b.js']] }],
  ['another prefix', { expiration: inAnHour(), conditions: [['starts-with', '$key', 'users/']] }],
  ['another bucket', { expiration: inAnHour(), conditions: [{ bucket: 'other-bucket' }] }],
  ['a value not in the list', { expiration: inAnHour(), conditions: [['in', '$content-type', ['image/png']]] }],
])('%s is refused', async (_, policy) => {
  expect(await post({ policy, fields: { key: 'routines/a.js' } })).toMatchObject({ status: 403, code: 'AccessDenied' });
});

test('what the policy allows passes', async () => {
  const conditions = [
    { bucket: oss.bucket },
    ['eq', '$key', 'routines/a.js'],
    ['starts-with', '$key', 'routines/'],
    ['not-in', '$cache-control', ['no-cache']],
  ];
  expect((await post({ policy: { expiration: inAnHour(), conditions } })).status).toBe(204);
});

test('content outside the length range is refused and not stored', async () => {
  const fields = { key: 'sized' };
  const tooLarge = await post({ content: 'x'.repeat(2_000_000), fields });
  expect(tooLarge).toMatchObject({ status: 400, code: 'EntityTooLarge' });
  expect(await post({ content: '', fields })).toMatchObject({ status: 400, code: 'EntityTooSmall' });
  await expect(oss.client().head('sized')).rejects.toMatchObject({ status: 404 });
});

test('a changed policy, a wrong signature, none at all and a foreign token are refused', async () => {
  const policy = Buffer.from(JSON.stringify({ ...permissive(), conditions: [{ bucket: oss.bucket }] }));
  const changed = await post({ fields: { policy: policy.toString('base64') } });
  expect(changed).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
  expect(await post({ fields: { Signature: 'AAAA' } })).toMatchObject({ code: 'SignatureDoesNotMatch' });
  const anonymous = { OSSAccessKeyId: '', policy: '', Signature: '' };
  expect(await post({ fields: anonymous })).toMatchObject({ status: 403, code: 'AccessDenied' });
  expect(await post({ fields: { Signature: '' } })).toMatchObject({ status: 400, code: 'InvalidArgument' });
  expect(await post({ fields: { 'x-oss-security-token': 'x' } })).toMatchObject({ code: 'InvalidAccessKeyId' });
});

test('temporary keys sign a policy with their token in the form', async () => {
  const role = oss.account.roleCredentials(`acs:ram::${oss.account.accountId}:role/edge`);
  const signed = oss.client(clientCredentials(role)).calculatePostSignature(permissive());
  expect((await post({ fields: { ...signed } })).code).toBe('InvalidAccessKeyId');
  const token = { 'x-oss-security-token': String(role.securityToken) };
  expect((await post({ fields: { ...signed, ...token } })).status).toBe(204);
});

test('a malformed policy, and a body that is not a form, are refused', async () => {
  const senseless = await post({ policy: { expiration: inAnHour(), conditions: [['content-length-range', 1]] } });
  expect(senseless).toMatchObject({ status: 400, code: 'InvalidPolicyDocument' });
  const url = `${oss.endpoint}/${oss.bucket}`;
  const noForm = await (await fetch(url, { method: 'POST', body: 'a=b' })).text();
  expect(noForm).toContain('<Code>RequestIsNotMultiPartContent</Code>');
  const headers = { 'content-type': 'multipart/form-data; boundary=abc' };
  const cut = await fetch(url, {
    method: 'POST',
    headers,
    body: '--abc\r\nContent-Disposition: form-data; name="key"\r\n',
  });
  expect(await cut.text()).toContain('<Code>MalformedPOSTRequest</Code>');
  const noFile = await fetch(url, { method: 'POST', headers, body: '--abc--\r\n' });
  expect(await noFile.text()).toContain('<Code>InvalidArgument</Code>');
});

test('a server callback is not offered', async () => {
  expect(await post({ fields: { callback: 'e30=' } })).toMatchObject({ status: 400, code: 'NotImplemented' });
});
