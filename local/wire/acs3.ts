import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Account } from '../aliyun/account.ts';
import { percentEncode } from './percent-encode.ts';

/** Aliyun's error answer, thrown by emulators of RPC and ROA products and written by `writeAcsError`. */
export class AcsError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const MAX_CLOCK_SKEW_MS = 15 * 60_000;
const hex = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

/** `a=1&b=2` with every name and value percent-encoded by RFC 3986 and sorted, as ACS3 signs it. */
function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    .sort()
    .join('&');
}

/**
 * Verifies an ACS3-HMAC-SHA256 signature as the OpenAPI gateway does: body hash, date within 15 minutes, `host` and
 * every `x-acs-*` header signed, known key, token present for temporary keys. Throws `AcsError` with Aliyun's codes.
 * Specified in Alibaba Cloud's "V3 request body & signature mechanism".
 */
export function verifyAcs3(account: Account, request: IncomingMessage, body: Buffer, now = Date.now()): void {
  const header = (name: string) => String(request.headers[name] ?? '');
  const match = /^ACS3-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})$/.exec(
    header('authorization'),
  );
  if (!match)
    throw new AcsError(400, 'MissingAuthorization', 'The Authorization header is missing or not ACS3-HMAC-SHA256.');
  const [, accessKeyId = '', signedHeaders = '', signature = ''] = match;
  const credentials = account.find(accessKeyId);
  if (!credentials) throw new AcsError(404, 'InvalidAccessKeyId.NotFound', 'Specified access key is not found.');
  if (credentials.securityToken && header('x-acs-security-token') !== credentials.securityToken) {
    throw new AcsError(400, 'InvalidSecurityToken.Malformed', 'The SecurityToken is missing or malformed.');
  }
  const date = Date.parse(header('x-acs-date'));
  if (!Number.isFinite(date))
    throw new AcsError(400, 'InvalidTimeStamp.Format', 'Specified time stamp or date value is not well formatted.');
  if (Math.abs(now - date) > MAX_CLOCK_SKEW_MS)
    throw new AcsError(400, 'InvalidTimeStamp.Expired', 'Specified time stamp or date value is expired.');
  if (header('x-acs-content-sha256') !== hex(body))
    throw new AcsError(400, 'IncompleteSignature', 'x-acs-content-sha256 does not match the body.');
  const names = signedHeaders.split(';');
  const required = ['host', ...Object.keys(request.headers).filter((name) => name.startsWith('x-acs-'))];
  const unsigned = required.find((name) => !names.includes(name));
  if (unsigned) throw new AcsError(400, 'IncompleteSignature', `The header ${unsigned} is not signed.`);
  const url = new URL(request.url ?? '/', 'http://local');
  const canonical = [
    request.method,
    (request.url ?? '/').split('?')[0],
    canonicalQuery(url.searchParams),
    names.map((name) => `${name}:${header(name).trim()}\n`).join(''),
    signedHeaders,
    header('x-acs-content-sha256'),
  ].join('\n');
  const expected = createHmac('sha256', credentials.accessKeySecret)
    .update(`ACS3-HMAC-SHA256\n${hex(canonical)}`)
    .digest();
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) {
    throw new AcsError(400, 'SignatureDoesNotMatch', 'Specified signature does not match our calculation.');
  }
}
