import { createHash } from 'node:crypto';
import { OpenApiUtil as official } from '@alicloud/openapi-core';
import { expect, test } from 'vitest';
import { type Acs3Credentials, type Acs3Request, acs3Headers } from './acs3-request.ts';

const ALGORITHM = 'ACS3-HMAC-SHA256';
const request: Acs3Request = {
  method: 'POST',
  host: '1000000000000001.cn-hangzhou.fc.aliyuncs.com',
  path: '/2023-03-30/functions/miaobu-deploy/invocations',
  action: 'InvokeFunction',
  version: '2023-03-30',
  body: '{"request_id":"one"}',
  contentType: 'application/octet-stream',
  now: new Date('2026-01-02T03:04:05.678Z'),
  nonce: 'a-nonce',
};
const permanent: Acs3Credentials = { accessKeyId: 'LTAI-id', accessKeySecret: 'secret' };
const temporary: Acs3Credentials = { accessKeyId: 'STS.id', accessKeySecret: 'secret+/=', securityToken: 'a+token/=' };

/** The `Authorization` that the vendor's own signer, used by every generated SDK, computes for the headers we send. */
function officialAuthorization(sent: Record<string, string>, asked: Acs3Request, credentials: Acs3Credentials): string {
  const { authorization: _, ...headers } = sent;
  const payload = createHash('sha256').update(asked.body).digest('hex');
  const signed = {
    method: asked.method,
    pathname: asked.path,
    query: {},
    headers: { ...headers, host: asked.host },
  } as unknown as Parameters<typeof official.getAuthorization>[0];
  const { accessKeyId, accessKeySecret } = credentials;
  return official.getAuthorization(signed, ALGORITHM, payload, accessKeyId, accessKeySecret);
}

test.each<[string, Partial<Acs3Request>, Acs3Credentials]>([
  ['a call with a permanent key', {}, permanent],
  ['a call with the temporary key of a role', {}, temporary],
  ['a call without a body', { body: '' }, temporary],
  ['a call with a body of other letters', { body: '{"名":"秒部"}' }, permanent],
  ['a call of another method and path', { method: 'GET', path: '/2023-03-30/functions/a_b-c' }, permanent],
])('%s is signed as the official signer signs it', (_, change, credentials) => {
  const asked = { ...request, ...change };
  const headers = acs3Headers(asked, credentials);
  expect(headers.authorization).toBe(officialAuthorization(headers, asked, credentials));
});

test('every call has its own nonce and time, and never carries the secret', () => {
  const { now: _now, nonce: _nonce, ...anew } = request;
  const [first, second] = [acs3Headers(anew, temporary), acs3Headers(anew, temporary)];
  expect(first['x-acs-signature-nonce']).not.toBe(second['x-acs-signature-nonce']);
  expect(Date.parse(first['x-acs-date'] ?? '')).toBeCloseTo(Date.now(), -4);
  expect(JSON.stringify(first)).not.toContain(temporary.accessKeySecret);
});
