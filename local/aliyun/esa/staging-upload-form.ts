import { createHmac } from 'node:crypto';
import type { Credentials } from '../account.ts';

const MAX_CODE_BYTES = 4 * 1024 * 1024;
const VALID_FOR_MS = 15 * 60_000;

/** Where the code of a routine is uploaded: a bucket of the local OSS. */
export interface UploadTarget {
  /** `http://127.0.0.1:{port}`; the form is posted to `{ossUrl}/{bucket}`. */
  readonly ossUrl: string;
  readonly bucket: string;
  readonly credentials: Credentials;
  /** Reads what was uploaded; undefined when nothing was. The OSS emulator has this method. */
  readObject(bucket: string, key: string): { readonly body: AsyncIterable<Uint8Array> } | undefined;
}

/**
 * The `OssPostConfig` of GetRoutineStagingCodeUploadInfo: a signed PostObject form (policy in base64, HMAC-SHA1, as OSS
 * documents it). The real one also names a callback; here the code is read at the commit.
 */
export function stagingUploadForm(target: UploadTarget, key: string, codeDescription: string, now = Date.now()) {
  const { bucket, credentials } = target;
  const token = credentials.securityToken;
  const policy = Buffer.from(
    JSON.stringify({
      expiration: new Date(now + VALID_FOR_MS).toISOString(),
      conditions: [
        { bucket },
        ['eq', '$key', key],
        ['content-length-range', 1, MAX_CODE_BYTES],
        ...(token === undefined ? [] : [['eq', '$x-oss-security-token', token]]),
      ],
    }),
  ).toString('base64');
  return {
    Url: `${target.ossUrl}/${bucket}`,
    OSSAccessKeyId: credentials.accessKeyId,
    policy,
    Signature: createHmac('sha1', credentials.accessKeySecret).update(policy).digest('base64'),
    key,
    'x:codeDescription': codeDescription,
    ...(token === undefined ? {} : { XOssSecurityToken: token }),
  };
}
