import { createHash, createHmac } from 'node:crypto';
import { percentEncode } from '../../../wire/percent-encode.ts';
import type { OssOrigin } from './edge-messages.ts';

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/** The path of an object, path style: each segment percent-encoded, the slashes kept. */
export const objectPath = (bucket: string, key: string) => `/${bucket}/${key.split('/').map(percentEncode).join('/')}`;

/**
 * The headers that sign a read of one object (OSS4-HMAC-SHA256, unsigned payload): what ESA adds for a private bucket of
 * the same account. Other headers (`range`, `if-none-match`) may be added freely: V4 signs `x-oss-*` only.
 */
export function ossReadHeaders(
  origin: OssOrigin,
  method: 'GET' | 'HEAD',
  bucket: string,
  key: string,
  now = new Date(),
): Record<string, string> {
  const { accessKeyId, accessKeySecret, securityToken } = origin.credentials;
  const date = now.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = date.slice(0, 8);
  const scope = `${day}/${origin.region}/oss/aliyun_v4_request`;
  const headers: Record<string, string> = { 'x-oss-content-sha256': 'UNSIGNED-PAYLOAD', 'x-oss-date': date };
  if (securityToken !== undefined) headers['x-oss-security-token'] = securityToken;
  const canonical = [
    method,
    objectPath(bucket, key),
    '',
    ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
    '',
    '',
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  const toSign = ['OSS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const signingKey = [origin.region, 'oss', 'aliyun_v4_request'].reduce<Buffer>(
    hmac,
    hmac(`aliyun_v4${accessKeySecret}`, day),
  );
  const signature = hmac(signingKey, toSign).toString('hex');
  return { ...headers, authorization: `OSS4-HMAC-SHA256 Credential=${accessKeyId}/${scope},Signature=${signature}` };
}
