import { timingSafeEqual } from 'node:crypto';
import type { Account, Credentials } from '../account.ts';
import { OssError } from './oss-error.ts';

/** What a signature is checked against. `now` is in milliseconds. */
export interface SignatureContext {
  readonly account: Account;
  readonly region: string;
  readonly now: number;
}

const MAX_CLOCK_SKEW_MS = 15 * 60_000;

/** The key's secret, if the token belongs to it: temporary keys need theirs, permanent keys must come without one. */
export function findCredentials(account: Account, accessKeyId: string, token: string | undefined): Credentials {
  const credentials = account.find(accessKeyId);
  const isTemporary = credentials?.securityToken !== undefined;
  if (!credentials || isTemporary !== (token !== undefined)) {
    throw new OssError(403, 'InvalidAccessKeyId', 'The OSS Access Key Id you provided does not exist in our records.', {
      OSSAccessKeyId: accessKeyId,
    });
  }
  if (isTemporary && credentials.securityToken !== token) {
    throw new OssError(403, 'InvalidSecurityToken', 'The security token you provided is invalid.');
  }
  return credentials;
}

export function checkClock(context: SignatureContext, signedAt: number): void {
  if (Math.abs(context.now - signedAt) <= MAX_CLOCK_SKEW_MS) return;
  throw new OssError(
    403,
    'RequestTimeTooSkewed',
    'The difference between the request time and the current time is too large.',
    { MaxAllowedSkewMilliseconds: String(MAX_CLOCK_SKEW_MS), ...timesOf(context, 'RequestTime', signedAt) },
  );
}

export function checkExpiry(context: SignatureContext, expiresAt: number): void {
  if (context.now <= expiresAt) return;
  throw new OssError(403, 'AccessDenied', 'Request has expired.', timesOf(context, 'Expires', expiresAt));
}

const timesOf = (context: SignatureContext, name: string, time: number) => ({
  [name]: new Date(time).toISOString(),
  ServerTime: new Date(context.now).toISOString(),
});

/** Compares in constant time; `evidence` goes into the answer, so that a client can see where its signature differs. */
export function checkSignature(
  accessKeyId: string,
  provided: string,
  expected: string,
  evidence: { readonly StringToSign: string; readonly CanonicalRequest?: string },
): void {
  const [a, b] = [Buffer.from(provided), Buffer.from(expected)];
  if (a.length === b.length && timingSafeEqual(a, b)) return;
  throw new OssError(
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    { OSSAccessKeyId: accessKeyId, SignatureProvided: provided, ...evidence },
  );
}
