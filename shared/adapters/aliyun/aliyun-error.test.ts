import { expect, test } from 'vitest';
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
  [403, 'NoPermission', 'vendor_rejected'],
  [406, 'InvalidNameSpace.QuotaFull', 'vendor_rejected'],
])('a response %i %s maps to %s', (status, code, expected) => {
  expect(meaning(vendorError(status, code))).toBe(expected);
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
