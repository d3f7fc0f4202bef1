import type { IncomingMessage } from 'node:http';
import { OssError } from './oss-error.ts';

/** One request, addressed path style (`/{bucket}/{key}`), decoded. */
export interface OssRequest {
  readonly method: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly query: ReadonlyMap<string, string>;
  /** Names are lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly message: IncomingMessage;
}

/** Query parameters that name another resource than the object or bucket itself; V1 signs exactly these. */
export const subresources: ReadonlySet<string> = new Set(
  `acl accessPoint append asyncFetch bucketInfo callback callback-var cname comp continuation-token cors delete
  encryption endTime img inventory inventoryId lifecycle live location logging metaQuery objectInfo objectMeta partNumber
  policy policyStatus position publicAccessBlock qos referer regionList replication replicationLocation
  replicationProgress requestPayment resourceGroup response-cache-control response-content-disposition
  response-content-encoding response-content-language response-content-type response-expires restore rtc security-token
  startTime stat status style styleName symlink tagging transferAcceleration uploadId uploads versionId versioning
  versions vod website worm wormExtend wormId x-oss-ac-source-ip x-oss-ac-subnet-mask x-oss-ac-vpc-id x-oss-process
  x-oss-request-payer x-oss-traffic-limit`.split(/\s+/),
);

export function parseOssRequest(message: IncomingMessage): OssRequest {
  // Not `new URL`: it would resolve the dots of a key such as `a/../b`.
  const [rawPath = '/', rawQuery = ''] = splitOnce(message.url ?? '/', '?');
  let path: string;
  try {
    path = decodeURIComponent(rawPath);
  } catch {
    throw new OssError(400, 'InvalidURI', "Couldn't parse the specified URI.");
  }
  const [bucket, key] = splitOnce(path.slice(1), '/');
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(message.headers)) headers.set(name, String(value));
  return {
    method: message.method ?? 'GET',
    bucket: bucket || undefined,
    key: key || undefined,
    query: new Map(new URLSearchParams(rawQuery)),
    headers,
    message,
  };
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

export function checkBucketName(name: string): void {
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name)) {
    throw new OssError(400, 'InvalidBucketName', 'The specified bucket is not valid.', { BucketName: name });
  }
}

const MAX_KEY_BYTES = 1023;

export function checkObjectKey(key: string): void {
  const problem =
    key === ''
      ? 'The Object name can not be empty.'
      : Buffer.byteLength(key) > MAX_KEY_BYTES
        ? 'The Length of Object name must be less than 1024.'
        : /^[/\\]/.test(key)
          ? 'The specified object is not valid.'
          : undefined;
  if (problem) throw new OssError(400, 'InvalidObjectName', problem, { ObjectName: key });
}
