import type { ServerResponse } from 'node:http';
import { anonymousRefused } from './authenticate-oss.ts';
import {
  bodyOf,
  bucketOf,
  headersToKeep,
  MAX_UPLOAD_BYTES,
  type ObjectStorage,
  sendEmpty,
  sendXml,
  storeObject,
} from './object-storage.ts';
import { invalidArgument, notImplemented, OssError } from './oss-error.ts';
import type { OssRequest } from './oss-request.ts';
import { xmlDocument } from './oss-xml.ts';
import { checkPostPolicy, type PostPolicy, parsePostPolicy, permittedSize } from './post-policy.ts';
import { readFormUpload } from './read-form-upload.ts';
import type { SignatureContext } from './signature-checks.ts';
import { checkSignature, findCredentials } from './signature-checks.ts';
import { signOssV1 } from './verify-oss-v1.ts';

/**
 * PostObject: an upload by HTML form. It is authorized by a signed policy (V1) in the body, and what the policy
 * says is checked against the form. Specified in Alibaba Cloud's "PostObject".
 */
export async function postObject(
  storage: ObjectStorage,
  context: SignatureContext,
  request: OssRequest,
  response: ServerResponse,
): Promise<void> {
  const bucket = bucketOf(storage, request);
  const form = await readFormUpload(bodyOf(request), request.headers.get('content-type') ?? '');
  const { fields } = form;
  const policy = authorize(context, fields);
  const key = (fields.get('key') ?? '').replace(/\$\{filename\}/g, () => form.fileName);
  checkPostPolicy(policy, new Map([...fields, ['bucket', bucket], ['key', key]]), context.now);
  for (const name of ['callback', 'success_action_redirect']) if (fields.get(name)) throw notImplemented(name);
  const { min, max } = permittedSize(policy, MAX_UPLOAD_BYTES);
  const object = {
    bucket,
    key,
    headers: headersToKeep(fields),
    forbidOverwrite: fields.get('x-oss-forbid-overwrite') === 'true',
  };
  const stored = await storeObject(storage, object, form.content, {
    limitBytes: max,
    check: (blob) => {
      if (blob.size >= min) return;
      throw new OssError(400, 'EntityTooSmall', 'Your proposed upload smaller than the minimum allowed size.', {
        ProposedSize: String(blob.size),
        MinSizeAllowed: String(min),
      });
    },
  });
  const headers = { etag: `"${stored.etag}"`, 'x-oss-hash-crc64ecma': stored.crc64 };
  const status = fields.get('success_action_status');
  if (status !== '201') {
    sendEmpty(response, status === '200' ? 200 : 204, headers);
    return;
  }
  const location = `http://${request.headers.get('host')}/${bucket}/${encodeURIComponent(key)}`;
  const result = { Bucket: bucket, Key: key, ETag: `"${stored.etag}"`, Location: location };
  sendXml(response, xmlDocument('PostResponse', result), headers, 201);
}

function authorize(context: SignatureContext, fields: ReadonlyMap<string, string>): PostPolicy {
  const [accessKeyId, policy, signature] = ['ossaccesskeyid', 'policy', 'signature'].map((name) => fields.get(name));
  if (!accessKeyId && !policy && !signature) throw anonymousRefused({ key: fields.get('key') });
  if (!accessKeyId || !policy || !signature) {
    const missing = !accessKeyId ? 'OSSAccessKeyId' : !policy ? 'policy' : 'Signature';
    throw invalidArgument(`Bucket POST must contain a field named '${missing}'.`, missing);
  }
  const credentials = findCredentials(context.account, accessKeyId, fields.get('x-oss-security-token'));
  checkSignature(accessKeyId, signature, signOssV1(credentials.accessKeySecret, policy), { StringToSign: policy });
  return parsePostPolicy(policy);
}
