import {
  bodyOf,
  digestCheck,
  forbidsOverwrite,
  headersToKeep,
  type Operation,
  objectAddress,
  sendEmpty,
  storeObject,
} from './object-storage.ts';

/** PutObject. */
export const putObject: Operation = async (storage, request, response) => {
  const object = {
    ...objectAddress(storage, request),
    headers: headersToKeep(request.headers),
    forbidOverwrite: forbidsOverwrite(request),
  };
  const stored = await storeObject(storage, object, bodyOf(request), { check: digestCheck(request) });
  sendEmpty(response, 200, {
    etag: `"${stored.etag}"`,
    'x-oss-hash-crc64ecma': stored.crc64,
    'content-md5': Buffer.from(stored.etag, 'hex').toString('base64'),
  });
};
