import type { ReleaseConfig } from './release-config.ts';

/** The bucket of builds and sites: private, created unless it exists. True when it was created. */
export async function ensureBucket({ cloud, credentials, endpoints }: ReleaseConfig): Promise<boolean> {
  const { default: OSS } = await import('ali-oss');
  const { bucket, pathStyle } = cloud.objectStore;
  const { accessKeyId, accessKeySecret, securityToken } = credentials;
  const client = new OSS({
    accessKeyId,
    accessKeySecret,
    ...(securityToken === undefined
      ? {}
      : {
          stsToken: securityToken,
          refreshSTSToken: async () => ({ accessKeyId, accessKeySecret, stsToken: securityToken }),
        }),
    endpoint: endpoints.oss,
    region: cloud.region,
    sldEnable: pathStyle,
    authorizationV4: true,
  });
  try {
    await client.getBucketInfo(bucket);
    return false;
  } catch (error) {
    // Any other refusal, such as AccessDenied, means that the name belongs to another account.
    if ((error as { code?: string }).code !== 'NoSuchBucket') throw error;
  }
  await client.putBucket(bucket, { acl: 'private' });
  return true;
}
