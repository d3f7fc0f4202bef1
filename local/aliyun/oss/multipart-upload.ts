import { createHash, randomBytes } from 'node:crypto';
import { readDocument } from './delete-objects.ts';
import {
  bodyOf,
  digestCheck,
  forbidsOverwrite,
  headersToKeep,
  type ObjectStorage,
  type Operation,
  objectAddress,
  sendEmpty,
  sendXml,
} from './object-storage.ts';
import { fileAlreadyExists, noSuchUpload, type StoredPart, type StoredUpload } from './open-object-state.ts';
import { invalidArgument, OssError } from './oss-error.ts';
import type { OssRequest } from './oss-request.ts';
import { childText, type XmlElement, xmlDocument } from './oss-xml.ts';

const MIN_PART_BYTES = 100 * 1024;
const MAX_PART_BYTES = 5 * 1024 ** 3;
const MAX_PART_NUMBER = 10_000;
const MAX_OBJECT_BYTES = 48.8 * 1024 ** 4;

/** InitiateMultipartUpload. */
export const initiateMultipartUpload: Operation = (storage, request, response) => {
  const { bucket, key } = objectAddress(storage, request);
  if (forbidsOverwrite(request) && storage.state.findObject(bucket, key)) throw fileAlreadyExists(key);
  const id = randomBytes(16).toString('hex').toUpperCase();
  storage.state.createUpload({ id, bucket, key, headers: headersToKeep(request.headers) });
  sendXml(response, xmlDocument('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: id }));
};

/** UploadPart. A part sent again replaces the first. */
export const uploadPart: Operation = async (storage, request, response) => {
  const upload = requestedUpload(storage, request);
  const value = request.query.get('partNumber') ?? '';
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > MAX_PART_NUMBER) {
    throw invalidArgument(
      `Part number must be an integer between 1 and ${MAX_PART_NUMBER}, inclusive.`,
      'partNumber',
      value,
    );
  }
  const blob = await storage.blobs.write(bodyOf(request), MAX_PART_BYTES);
  const etag = blob.md5.toUpperCase();
  try {
    digestCheck(request)(blob);
    storage.blobs.remove(storage.state.putPart(upload.id, { number, blob: blob.id, size: blob.size, etag }));
  } catch (error) {
    storage.blobs.remove([blob.id]);
    throw error;
  }
  sendEmpty(response, 200, { etag: `"${etag}"`, 'x-oss-hash-crc64ecma': blob.crc64 });
};

/** CompleteMultipartUpload: the parts become one object; parts that are not named are dropped. */
export const completeMultipartUpload: Operation = async (storage, request, response) => {
  const upload = requestedUpload(storage, request);
  const document = await readDocument(request, 'CompleteMultipartUpload');
  const parts = chooseParts(document, storage.state.parts(upload.id));
  const blob = await storage.blobs.write(concatenate(storage, parts), MAX_OBJECT_BYTES);
  const etag = multipartEtag(parts);
  try {
    const object = {
      ...upload,
      blob: blob.id,
      size: blob.size,
      etag,
      crc64: blob.crc64,
      type: 'Multipart' as const,
      lastModified: storage.now(),
    };
    storage.blobs.remove(storage.state.completeUpload(upload.id, object, forbidsOverwrite(request)));
  } catch (error) {
    storage.blobs.remove([blob.id]);
    throw error;
  }
  const result = {
    Location: `http://${request.headers.get('host')}/${upload.bucket}/${encodeURIComponent(upload.key)}`,
    Bucket: upload.bucket,
    Key: upload.key,
    ETag: `"${etag}"`,
  };
  const headers = { etag: `"${etag}"`, 'x-oss-hash-crc64ecma': blob.crc64 };
  sendXml(response, xmlDocument('CompleteMultipartUploadResult', result), headers);
};

/** AbortMultipartUpload. */
export const abortMultipartUpload: Operation = (storage, request, response) => {
  const upload = requestedUpload(storage, request);
  storage.blobs.remove(storage.state.removeUpload(upload.id));
  sendEmpty(response, 204);
};

function requestedUpload(storage: ObjectStorage, request: OssRequest): StoredUpload {
  const { bucket, key } = objectAddress(storage, request);
  const id = request.query.get('uploadId') ?? '';
  const upload = storage.state.findUpload(id);
  if (upload?.bucket !== bucket || upload.key !== key) throw noSuchUpload(id);
  return upload;
}

function chooseParts(document: XmlElement, uploaded: readonly StoredPart[]): StoredPart[] {
  const named = document.children.filter((child) => child.name === 'Part');
  const parts = named.map((element) => {
    const number = Number(childText(element, 'PartNumber'));
    const etag = (childText(element, 'ETag') ?? '').replaceAll('"', '').toUpperCase();
    const part = uploaded.find((candidate) => candidate.number === number && candidate.etag === etag);
    if (part) return part;
    throw new OssError(
      400,
      'InvalidPart',
      "One or more of the specified parts could not be found or the specified entity tag might not have matched the part's entity tag.",
      { PartNumber: String(number) },
    );
  });
  if (parts.length === 0) throw invalidArgument('At least one part must be named.', 'Part');
  if (parts.some((part, index) => index > 0 && part.number <= (parts[index - 1]?.number ?? 0))) {
    throw new OssError(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.');
  }
  const tooSmall = parts.slice(0, -1).find((part) => part.size < MIN_PART_BYTES);
  if (tooSmall) {
    throw new OssError(400, 'EntityTooSmall', 'Your proposed upload smaller than the minimum allowed size.', {
      ProposedSize: String(tooSmall.size),
      MinSizeAllowed: String(MIN_PART_BYTES),
      PartNumber: String(tooSmall.number),
    });
  }
  return parts;
}

async function* concatenate(storage: ObjectStorage, parts: readonly StoredPart[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield* storage.blobs.open(part.blob);
}

/** OSS does not document how it is computed; only that it is not an MD5 of the content and ends in the number of parts. */
const multipartEtag = (parts: readonly StoredPart[]): string =>
  `${createHash('md5')
    .update(parts.map((part) => part.etag).join(''))
    .digest('hex')
    .toUpperCase()}-${parts.length}`;
