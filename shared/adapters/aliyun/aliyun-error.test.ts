import { expect, test } from 'vitest';
import { errors } from '../../contracts/errors.ts';
import { AppError } from '../../kernel/app-error.ts';
import { aliyunError, unlessAliyunCode } from './aliyun-error.ts';

const vendorError = (statusCode: number, code: string) => Object.assign(new Error('text'), { statusCode, code });
const meaning = (error: unknown) => aliyunError(error, 'edge_unavailable').code;

test.each([
  [429, 'TooQuickRequests', 'vendor_throttled'],
  [400, 'Throttling.User', 'vendor_throttled'],
  [400, 'Throttling', 'vendor_throttled'],
  [503, 'ServiceUnavailable', 'edge_unavailable'],
  [500, 'undefined', 'edge_unavailable'],
  [400, 'Record.ServiceBusy', 'edge_unavailable'],
  [400, 'Site.ServiceBusy', 'edge_unavailable'],
  [400, 'InvalidKey.Malformed', 'vendor_rejected'],
  [400, 'InvalidValue.ExceedsMaximum', 'vendor_rejected'],
  [404, 'Record.NotFound', 'vendor_rejected'],
])('a response %i %s maps to %s', (status, code, expected) => {
  expect(meaning(vendorError(status, code))).toBe(expected);
});

test.each([
  [403, 'NoPermission'],
  [403, 'Forbidden.RAM'],
  [403, 'a code that nobody knows'],
  [401, 'undefined'],
  [404, 'InvalidAccessKeyId.NotFound'],
  [400, 'InvalidSecurityToken.Expired'],
  [400, 'SignatureDoesNotMatch'],
  [400, 'Account.Arrearage'],
  [402, 'Unpaid'],
  [406, 'InvalidNameSpace.QuotaFull'],
  [404, 'InvalidNameSpace.NotFound'],
  [404, 'SiteNotFound'],
  [400, 'InvalidDomainName.NoExist'],
])(
  'a response %i %s refuses the platform, not one piece of work: it is worth retrying, and tells the operator what to do',
  (status, code) => {
    const error = aliyunError(vendorError(status, code), 'edge_unavailable');
    expect(error).toMatchObject({ code: 'platform_misconfigured', details: { service: 'edge' } });
    expect(error.message).toContain(code);
    expect(error.remedy).toMatch(/^(Check|Grant) /);
    expect(errors[error.code].retryable).toBe(true);
  },
);

test('a missing permission is named, where the response names it', () => {
  const refused = { ...vendorError(403, 'NoPermission'), accessDeniedDetail: { AuthAction: 'esa:PutKv' } };
  expect(aliyunError(refused, 'edge_unavailable')).toMatchObject({
    message: "Alibaba Cloud refuses the platform's access to edge: NoPermission, permission esa:PutKv",
    remedy: 'Grant the role of the functions this permission in its RAM policy.',
  });
});

test('a refused signature keeps the request, which the vendor repeats with its token, out of the message', () => {
  const text = 'server string to sign is: SecurityToken=CAIS-secret';
  const refused = Object.assign(new Error(text), { statusCode: 400, code: 'SignatureDoesNotMatch' });
  expect(aliyunError(refused, 'edge_unavailable').message).not.toContain('CAIS-secret');
});

test('a stated wait is kept, when throttled and in an outage', () => {
  expect(aliyunError(vendorError(503, 'ServiceUnavailable'), 'edge_unavailable', 90).details).toEqual({
    retryAfterSeconds: 90,
  });
  expect(aliyunError(vendorError(429, 'Throttling'), 'edge_unavailable', 90).details).toEqual({
    service: 'edge',
    retryAfterSeconds: 90,
  });
});

test('a throttled error names the service, because all services share one code for it', () => {
  expect(aliyunError(vendorError(429, 'TooQuickRequests'), 'dns_unavailable').details).toEqual({ service: 'dns' });
});

test('no response at all is a transient failure', () => {
  expect(meaning(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))).toBe('edge_unavailable');
  expect(meaning('a string')).toBe('edge_unavailable');
});

test("the vendor's response is kept for the log, and our own errors pass unchanged", () => {
  const cause = vendorError(400, 'InvalidKey.Malformed');
  expect(aliyunError(cause, 'edge_unavailable')).toMatchObject({ cause, details: undefined });
  const own = new AppError('conflict');
  expect(aliyunError(own, 'edge_unavailable')).toBe(own);
});

test('a refusal that means "already so" is success, any other is not', async () => {
  const refused = (code: string) => Promise.reject(aliyunError(vendorError(400, code), 'dns_unavailable'));
  await unlessAliyunCode(['DomainRecordDuplicate'], refused('DomainRecordDuplicate'));
  await expect(unlessAliyunCode(['DomainRecordDuplicate'], refused('InvalidTTL'))).rejects.toBeInstanceOf(AppError);
  await expect(unlessAliyunCode(['ECONNRESET'], Promise.reject(new Error('other')))).rejects.toThrow('other');
});
