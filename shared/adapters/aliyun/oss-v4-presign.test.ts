import OSS from 'ali-oss';
import { expect, test } from 'vitest';
import { type OssV4Presign, ossV4Presign } from './oss-v4-presign.ts';

const common = {
  region: 'cn-hangzhou',
  bucket: 'a-bucket',
  expiresInSeconds: 900,
  credentials: { accessKeyId: 'LTAIkey', accessKeySecret: 'secret' },
};
const temporary = { accessKeyId: 'STS.key', accessKeySecret: 'secret', securityToken: 'to/ken+with=signs' };

const cases: Record<string, Omit<OssV4Presign, 'now'>> = {
  'a read, bucket before the host': {
    ...common,
    method: 'GET',
    endpoint: 'https://oss-cn-hangzhou.aliyuncs.com',
    pathStyle: false,
    key: 'dir/file.txt',
  },
  'a write that binds its length, path style': {
    ...common,
    method: 'PUT',
    endpoint: 'http://localhost:8080',
    pathStyle: true,
    key: 'projects/a/blobs/0123',
    headers: { 'content-length': '12345' },
  },
  'a write with every kind of header and a temporary key': {
    ...common,
    credentials: temporary,
    method: 'PUT',
    endpoint: 'https://oss-cn-hangzhou.aliyuncs.com',
    pathStyle: false,
    key: 'package.zip',
    headers: {
      'Content-Length': '1',
      'content-type': 'application/zip',
      'x-oss-forbid-overwrite': 'true',
      'cache-control': 'no-store',
    },
  },
  'a write that binds what may arrive': {
    ...common,
    method: 'PUT',
    endpoint: 'http://localhost:8080',
    pathStyle: true,
    key: 'projects/a/blobs/0123',
    headers: { 'content-length': '4', 'content-md5': 'dV+FwnI7s5OBwzef0bxsXg==', 'x-oss-forbid-overwrite': 'true' },
  },
  'a key full of characters that need care': {
    ...common,
    method: 'PUT',
    endpoint: 'http://localhost:8080',
    pathStyle: true,
    key: "ключ/鍵 🔑/a+b&c=d?e#f%20'(*)!~",
  },
};

test.each(Object.entries(cases))('agrees with ali-oss on %s', async (_, request) => {
  const { accessKeyId, accessKeySecret, securityToken } = request.credentials;
  const client = new OSS({
    accessKeyId,
    accessKeySecret,
    bucket: request.bucket,
    endpoint: request.endpoint,
    region: request.region,
    sldEnable: request.pathStyle,
    authorizationV4: true,
    ...(securityToken === undefined
      ? {}
      : {
          stsToken: securityToken,
          refreshSTSToken: async () => ({ accessKeyId, accessKeySecret, stsToken: securityToken }),
        }),
  });
  const { headers = {}, key, method } = request;
  const theirs = new URL(
    await client.signatureUrlV4(method, request.expiresInSeconds, { headers }, key, Object.keys(headers)),
  );
  // The SDK signs with the current time; ours is given the same.
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(theirs.searchParams.get('x-oss-date') ?? '') ?? [];
  const now = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.789Z`);
  const ours = new URL(ossV4Presign({ ...request, now }));
  expect(Object.fromEntries(ours.searchParams)).toEqual(Object.fromEntries(theirs.searchParams));
  expect(ours.searchParams.get('x-oss-signature')).toMatch(/^[0-9a-f]{64}$/);
  expect(ours.origin).toBe(theirs.origin);
  expect(decodeURIComponent(ours.pathname)).toBe(decodeURIComponent(theirs.pathname));
});
