import type { Operation } from './object-storage.ts';
import { bucketOf, sendEmpty, sendXml } from './object-storage.ts';
import { notImplemented, OssError } from './oss-error.ts';
import { checkBucketName } from './oss-request.ts';
import { xmlDocument } from './oss-xml.ts';

/**
 * PutBucket. Creating it again changes nothing, and only the account itself may: for a role's temporary key the bucket
 * is taken (error 0015-00000104). Every bucket is private.
 */
export const putBucket: Operation = (storage, request, response) => {
  const name = request.bucket ?? '';
  checkBucketName(name);
  if ((request.headers.get('x-oss-acl') ?? 'private') !== 'private') {
    throw new OssError(403, 'AccessDenied', 'Put public bucket acl is not allowed');
  }
  if (Number(request.headers.get('content-length') ?? 0) > 0) throw notImplemented('CreateBucketConfiguration');
  const created = storage.state.createBucket(name, storage.now());
  if (!created && request.headers.has('x-oss-security-token')) {
    throw new OssError(
      409,
      'BucketAlreadyExists',
      'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
      { BucketName: name },
    );
  }
  sendEmpty(response, 200, { location: `/${name}` });
};

/** GetBucketInfo. */
export const getBucketInfo: Operation = (storage, request, response) => {
  const name = bucketOf(storage, request);
  const owner = { ID: storage.ownerId, DisplayName: storage.ownerId };
  const bucket = {
    Name: name,
    Location: `oss-${storage.region}`,
    CreationDate: new Date(storage.state.bucketCreatedAt(name) ?? 0).toISOString(),
    StorageClass: 'Standard',
    DataRedundancyType: 'LRS',
    Owner: owner,
    AccessControlList: { Grant: 'private' },
  };
  sendXml(response, xmlDocument('BucketInfo', { Bucket: bucket }));
};
