import { createHash, createHmac } from 'node:crypto';
import { percentEncode } from '../../wire/percent-encode.ts';
import type { Credentials } from '../account.ts';
import { invalidArgument, OssError } from './oss-error.ts';
import type { OssRequest } from './oss-request.ts';
import { checkClock, checkExpiry, checkSignature, findCredentials, type SignatureContext } from './signature-checks.ts';

// OSS V4 signatures, specified in Alibaba Cloud's "Include a V4 signature in the Authorization header" and "V4
// signatures in presigned URLs".

const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
const MAX_EXPIRES_SECONDS = 7 * 24 * 3600;

interface V4Claim {
  /** `{accessKeyId}/{yyyymmdd}/{region}/oss/aliyun_v4_request`. */
  readonly credential: string;
  readonly date: string;
  readonly additionalHeaders: readonly string[];
  readonly signature: string;
  readonly token: string | undefined;
}

export function verifyOssV4Header(context: SignatureContext, request: OssRequest, authorization: string): Credentials {
  const parts = new Map<string, string>();
  for (const part of authorization.slice(authorization.indexOf(' ')).split(',')) {
    const [, name = '', value = ''] = /^\s*(\w+)=(.*?)\s*$/.exec(part) ?? [];
    parts.set(name, value);
  }
  const payload = request.headers.get('x-oss-content-sha256');
  if (payload !== UNSIGNED_PAYLOAD) {
    throw invalidArgument('The header must be UNSIGNED-PAYLOAD.', 'x-oss-content-sha256', payload ?? '');
  }
  const date = request.headers.get('x-oss-date') ?? '';
  checkClock(context, parseDate(date));
  return verify(context, request, {
    credential: parts.get('Credential') ?? '',
    date,
    additionalHeaders: splitHeaderNames(parts.get('AdditionalHeaders')),
    signature: parts.get('Signature') ?? '',
    token: request.headers.get('x-oss-security-token'),
  });
}

export function verifyOssV4Url(context: SignatureContext, request: OssRequest): Credentials {
  const parameter = (name: string) => request.query.get(name) ?? '';
  const version = parameter('x-oss-signature-version');
  if (version !== 'OSS4-HMAC-SHA256') throw invalidArgument('Invalid value.', 'x-oss-signature-version', version);
  const date = parameter('x-oss-date');
  const signedAt = parseDate(date);
  const expires = Number(parameter('x-oss-expires'));
  if (!Number.isInteger(expires) || expires < 1 || expires > MAX_EXPIRES_SECONDS) {
    throw invalidArgument('Invalid value.', 'x-oss-expires', parameter('x-oss-expires'));
  }
  // A link may be older than the permitted skew, but not from the future.
  if (signedAt > context.now) checkClock(context, signedAt);
  checkExpiry(context, signedAt + expires * 1000);
  return verify(context, request, {
    credential: parameter('x-oss-credential'),
    date,
    additionalHeaders: splitHeaderNames(request.query.get('x-oss-additional-headers')),
    signature: parameter('x-oss-signature'),
    token: request.query.get('x-oss-security-token') ?? request.headers.get('x-oss-security-token'),
  });
}

function verify(context: SignatureContext, request: OssRequest, claim: V4Claim): Credentials {
  const [accessKeyId = '', day, region, product, terminator] = claim.credential.split('/');
  const invalid = (what: string) => invalidArgument(`Invalid signing ${what} in Authorization header.`);
  if (day !== claim.date.slice(0, 8)) throw invalid('date');
  if (region !== context.region) throw invalid('region');
  if (product !== 'oss') throw invalid('product');
  if (terminator !== 'aliyun_v4_request') throw invalid('request');
  const credentials = findCredentials(context.account, accessKeyId, claim.token);
  const canonicalRequest = canonicalize(request, claim.additionalHeaders);
  const scope = `${day}/${region}/oss/aliyun_v4_request`;
  const hash = createHash('sha256').update(canonicalRequest).digest('hex');
  const stringToSign = ['OSS4-HMAC-SHA256', claim.date, scope, hash].join('\n');
  const key = scope
    .split('/')
    .reduce<Buffer | string>((secret, part) => hmac(secret, part), `aliyun_v4${credentials.accessKeySecret}`);
  checkSignature(accessKeyId, claim.signature, hmac(key, stringToSign).toString('hex'), {
    StringToSign: stringToSign,
    CanonicalRequest: canonicalRequest,
  });
  return credentials;
}

function canonicalize(request: OssRequest, additionalHeaders: readonly string[]): string {
  const resource = `/${request.bucket === undefined ? '' : `${request.bucket}/`}${request.key ?? ''}`;
  const query = [...request.query]
    .filter(([name]) => name !== 'x-oss-signature')
    .map(([name, value]): [string, string] => [percentEncode(name), percentEncode(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  // All of these headers in the request are signed: an additional one the signer did not know about breaks the signature.
  const implied = [...request.headers.keys()].filter((name) => /^(content-type|content-md5|x-oss-.*)$/.test(name));
  const signed = [...new Set([...implied, ...additionalHeaders])].sort();
  const headers = signed.map((name) => `${name}:${(request.headers.get(name) ?? '').trim()}\n`);
  return [
    request.method,
    percentEncode(resource).replaceAll('%2F', '/'),
    query.join('&'),
    headers.join(''),
    additionalHeaders.join(';'),
    request.headers.get('x-oss-content-sha256') ?? UNSIGNED_PAYLOAD,
  ].join('\n');
}

function parseDate(date: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (!match) throw new OssError(403, 'AccessDenied', 'OSS authentication requires a valid Date.');
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

const splitHeaderNames = (list: string | undefined) => (list ? list.toLowerCase().split(';') : []);
const hmac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest();
