import type { Credentials } from '../account.ts';
import { invalidArgument, OssError } from './oss-error.ts';
import type { OssRequest } from './oss-request.ts';
import type { SignatureContext } from './signature-checks.ts';
import { verifyOssV1Header, verifyOssV1Url } from './verify-oss-v1.ts';
import { verifyOssV4Header, verifyOssV4Url } from './verify-oss-v4.ts';

/** Returns who signed the request; throws `OssError` when its signature is missing or wrong. */
export function authenticateOss(context: SignatureContext, request: OssRequest): Credentials {
  const authorization = request.headers.get('authorization');
  const isV4Url = request.query.has('x-oss-signature') || request.query.has('x-oss-signature-version');
  const isV1Url = ['OSSAccessKeyId', 'Signature', 'Expires'].some((name) => request.query.has(name));
  if (authorization !== undefined && (isV4Url || isV1Url)) {
    throw invalidArgument('Only one of the Authorization header and a signed URL may be used.');
  }
  if (isV4Url) return verifyOssV4Url(context, request);
  if (isV1Url) return verifyOssV1Url(context, request);
  if (authorization === undefined) throw anonymousRefused(request);
  if (authorization.startsWith('OSS4-HMAC-SHA256 ')) return verifyOssV4Header(context, request, authorization);
  if (authorization.startsWith('OSS ')) return verifyOssV1Header(context, request, authorization);
  throw invalidArgument('Authorization header is invalid.', 'Authorization', authorization);
}

/** Every bucket here is private. */
export const anonymousRefused = (request: Pick<OssRequest, 'key'>) =>
  new OssError(
    403,
    'AccessDenied',
    request.key === undefined
      ? 'Anonymous access is forbidden for this operation.'
      : 'You have no right to access this object because of bucket acl.',
  );
