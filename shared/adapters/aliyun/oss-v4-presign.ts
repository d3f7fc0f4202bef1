import { createHash, createHmac } from 'node:crypto';

/** An Aliyun key pair; temporary ones have a `securityToken`. */
export interface OssCredentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string | undefined;
}

export interface OssV4Presign {
  readonly method: 'GET' | 'PUT';
  /** `https://oss-cn-hangzhou.aliyuncs.com`; the bucket is prefixed to the host, or added to the path. */
  readonly endpoint: string;
  readonly pathStyle: boolean;
  /** `cn-hangzhou`, without `oss-`. */
  readonly region: string;
  readonly bucket: string;
  readonly key: string;
  /** All are signed; the request must carry them, and no other `content-type`, `content-md5` or `x-oss-*`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** At most 604,800 (a week). */
  readonly expiresInSeconds: number;
  readonly credentials: OssCredentials;
  readonly now: Date;
}

/**
 * A presigned OSS URL, signature V4, without the vendor's SDK: one is created for every uploaded file, by a function that should not load
 * 900 KB first. Specified in Alibaba Cloud's "V4 signatures in presigned URLs".
 */
export function ossV4Presign(request: OssV4Presign): string {
  const { bucket, credentials, key, region } = request;
  const date = request.now.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = [date.slice(0, 8), region, 'oss', 'aliyun_v4_request'];
  const headers = Object.entries(request.headers ?? {})
    .map(([name, value]): [string, string] => [name.toLowerCase(), value.trim()])
    .sort(byName);
  const additional = headers.map(([name]) => name).filter((name) => !isImplied(name));
  const query = Object.entries({
    ...(additional.length > 0 ? { 'x-oss-additional-headers': additional.join(';') } : {}),
    'x-oss-credential': [credentials.accessKeyId, ...scope].join('/'),
    'x-oss-date': date,
    'x-oss-expires': String(request.expiresInSeconds),
    ...(credentials.securityToken ? { 'x-oss-security-token': credentials.securityToken } : {}),
    'x-oss-signature-version': 'OSS4-HMAC-SHA256',
  })
    .sort(byName)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&');
  const path = encode(key).replaceAll('%2F', '/');
  const canonicalRequest = [
    request.method,
    `/${bucket}/${path}`,
    query,
    headers.map(([name, value]) => `${name}:${value}\n`).join(''),
    additional.join(';'),
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  const hash = createHash('sha256').update(canonicalRequest).digest('hex');
  const signingKey = scope.reduce<Buffer | string>(hmac, `aliyun_v4${credentials.accessKeySecret}`);
  const signature = hmac(signingKey, ['OSS4-HMAC-SHA256', date, scope.join('/'), hash].join('\n')).toString('hex');
  const endpoint = new URL(request.endpoint);
  const address = request.pathStyle
    ? `${endpoint.origin}/${bucket}/${path}`
    : `${endpoint.protocol}//${bucket}.${endpoint.host}/${path}`;
  return `${address}?${query}&x-oss-signature=${signature}`;
}

const byName = ([a]: [string, string], [b]: [string, string]) => (a < b ? -1 : 1);
/** Always signed when present; others only when named in `x-oss-additional-headers`. */
const isImplied = (name: string) => /^(content-type|content-md5|x-oss-.*)$/.test(name);
const hmac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest();
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
