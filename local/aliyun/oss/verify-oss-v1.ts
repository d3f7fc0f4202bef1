import { createHmac } from 'node:crypto';
import type { Credentials } from '../account.ts';
import { invalidArgument, OssError } from './oss-error.ts';
import { type OssRequest, subresources } from './oss-request.ts';
import { checkClock, checkExpiry, checkSignature, findCredentials, type SignatureContext } from './signature-checks.ts';

// OSS V1 signatures, specified in Alibaba Cloud's "Include a V1 signature in the Authorization header" and "Include a
// V1 signature in a URL". Unlike V4, the resource is signed undecorated: nothing in it is percent-encoded.

export function verifyOssV1Header(context: SignatureContext, request: OssRequest, authorization: string): Credentials {
  const match = /^OSS ([^:\s]+):(\S+)$/.exec(authorization);
  if (!match) throw invalidArgument('Authorization header is invalid.', 'Authorization', authorization);
  const [, accessKeyId = '', signature = ''] = match;
  const date = request.headers.get('x-oss-date') ?? request.headers.get('date') ?? '';
  const signedAt = Date.parse(date);
  if (Number.isNaN(signedAt)) throw new OssError(403, 'AccessDenied', 'OSS authentication requires a valid Date.');
  checkClock(context, signedAt);
  const credentials = findCredentials(context.account, accessKeyId, request.headers.get('x-oss-security-token'));
  checkV1(credentials, signature, stringToSign(request, date));
  return credentials;
}

export function verifyOssV1Url(context: SignatureContext, request: OssRequest): Credentials {
  const accessKeyId = request.query.get('OSSAccessKeyId');
  const signature = request.query.get('Signature');
  const expires = request.query.get('Expires');
  if (!accessKeyId || !signature || !expires) {
    throw new OssError(
      403,
      'AccessDenied',
      'Query-string authentication requires the Signature, Expires and OSSAccessKeyId parameters',
    );
  }
  if (!/^\d+$/.test(expires)) throw invalidArgument('Invalid value.', 'Expires', expires);
  checkExpiry(context, Number(expires) * 1000);
  const credentials = findCredentials(context.account, accessKeyId, request.query.get('security-token'));
  checkV1(credentials, signature, stringToSign(request, expires));
  return credentials;
}

/** The signature of a text under V1; form uploads sign their policy with it. */
export const signOssV1 = (accessKeySecret: string, text: string): string =>
  createHmac('sha1', accessKeySecret).update(text).digest('base64');

function checkV1(credentials: Credentials, signature: string, text: string): void {
  const expected = signOssV1(credentials.accessKeySecret, text);
  checkSignature(credentials.accessKeyId, signature, expected, { StringToSign: text });
}

function stringToSign(request: OssRequest, dateOrExpiry: string): string {
  const ossHeaders = [...request.headers]
    .filter(([name]) => name.startsWith('x-oss-'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value.trim()}\n`);
  const signedParameters = [...request.query]
    .filter(([name]) => subresources.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  const resource = `/${request.bucket === undefined ? '' : `${request.bucket}/`}${request.key ?? ''}`;
  return [
    request.method,
    request.headers.get('content-md5') ?? '',
    request.headers.get('content-type') ?? '',
    dateOrExpiry,
    `${ossHeaders.join('')}${resource}${signedParameters.length > 0 ? '?' : ''}${signedParameters.join('&')}`,
  ].join('\n');
}
