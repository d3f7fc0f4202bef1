import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Account } from '../account.ts';
import { authFailed, OtsError, parameterInvalid } from './ots-error.ts';

const MAX_CLOCK_SKEW_MS = 15 * 60_000;
const REQUIRED_HEADERS = [
  'x-ots-date',
  'x-ots-apiversion',
  'x-ots-accesskeyid',
  'x-ots-instancename',
  'x-ots-contentmd5',
  'x-ots-signature',
];

/**
 * Verifies a request as Tablestore does: known key, its STS token for temporary keys, date within 15 minutes, the
 * account's instance, HMAC-SHA1 over path, method and every `x-ots-*` header, MD5 of the body. Throws `OtsError`.
 * Specified in the API reference under "Request signatures"; the codes are those of "Error codes".
 */
export function verifyOtsSignature(
  { account, instanceName, now }: { account: Account; instanceName: string; now: () => number },
  request: IncomingMessage,
  body: Buffer,
): void {
  const header = (name: string) => String(request.headers[name] ?? '');
  const missing = REQUIRED_HEADERS.find((name) => header(name) === '');
  if (missing) throw new OtsError(400, 'OTSMissingHeader', `Missing header: '${missing}'.`);

  const date = Date.parse(header('x-ots-date'));
  if (!Number.isFinite(date)) throw parameterInvalid(`Invalid date format: ${header('x-ots-date')}.`);
  if (Math.abs(now() - date) > MAX_CLOCK_SKEW_MS) {
    throw authFailed(`Mismatch between system time and x-ots-date: ${header('x-ots-date')}.`);
  }

  const credentials = account.find(header('x-ots-accesskeyid'));
  if (!credentials) throw authFailed('The AccessKeyID does not exist.');
  if (credentials.securityToken && header('x-ots-ststoken') !== credentials.securityToken) {
    throw authFailed('The STS token is invalid.');
  }
  if (header('x-ots-instancename') !== instanceName) throw authFailed('The instance is not found.');

  const signed = Object.keys(request.headers)
    .filter((name) => name.startsWith('x-ots-') && name !== 'x-ots-signature')
    .sort()
    .map((name) => `${name}:${header(name)}`);
  const path = (request.url ?? '/').split('?')[0];
  const expected = createHmac('sha1', credentials.accessKeySecret)
    .update(`${path}\n${request.method}\n\n${signed.join('\n')}\n`)
    .digest();
  const given = Buffer.from(header('x-ots-signature'), 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw authFailed('Signature mismatch.');

  if (header('x-ots-contentmd5') !== createHash('md5').update(body).digest('base64')) {
    throw authFailed('Mismatch between MD5 value of request body and x-ots-contentmd5 in header.');
  }
}
