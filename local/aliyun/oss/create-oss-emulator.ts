import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { Emulator } from '../../wire/emulator.ts';
import type { Account } from '../account.ts';
import { authenticateOss } from './authenticate-oss.ts';
import { openBlobFiles } from './blob-files.ts';
import { getBucketInfo, putBucket } from './bucket-operations.ts';
import { deleteMultipleObjects, deleteObject } from './delete-objects.ts';
import { getObject } from './get-object.ts';
import { listObjects } from './list-objects.ts';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  initiateMultipartUpload,
  uploadPart,
} from './multipart-upload.ts';
import { headersToKeep, type ObjectStorage, type Operation, storeObject } from './object-storage.ts';
import { openObjectState } from './open-object-state.ts';
import { notImplemented, OssError, writeOssError } from './oss-error.ts';
import { checkBucketName, type OssRequest, parseOssRequest, subresources } from './oss-request.ts';
import { postObject } from './post-object.ts';
import { putObject } from './put-object.ts';

export interface OssEmulatorOptions {
  readonly account: Account;
  /** Holds `oss.sqlite` and the folder `oss-blobs`. */
  readonly stateDirectory: string;
  readonly region: string;
  /** Milliseconds; default the system's clock. */
  readonly now?: () => number;
}

/** An object as the other services of the local cloud read it, inside the process and without a signature. */
export interface ReadableObject {
  readonly size: number;
  readonly contentType: string;
  /** Quoted, as on the wire. */
  readonly etag: string;
  readonly lastModified: Date;
  /** Everything that was stored with it (`content-encoding`, `cache-control`, …), names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** An open file: read it to its end, or destroy it. */
  readonly body: Readable;
}

export interface OssEmulator extends Emulator {
  /** Creates the bucket if it does not exist. */
  putBucket(name: string): void;
  /** Undefined when the bucket or the object is missing. */
  readObject(bucket: string, key: string): ReadableObject | undefined;
  /** Stores it whole, as PutObject does, and replaces what was there. Throws `OssError` for a missing bucket. */
  writeObject(
    bucket: string,
    key: string,
    content: Buffer | AsyncIterable<Buffer>,
    options?: { readonly contentType?: string },
  ): Promise<void>;
}

/** By method, what is addressed, and the parameters that name a subresource. */
const operations: Readonly<Record<string, Operation>> = {
  'PUT bucket': putBucket,
  'GET bucket': listObjects,
  'GET bucket bucketInfo': getBucketInfo,
  'POST bucket delete': deleteMultipleObjects,
  'PUT object': putObject,
  'GET object': getObject,
  'HEAD object': getObject,
  'DELETE object': deleteObject,
  'POST object uploads': initiateMultipartUpload,
  'PUT object partNumber,uploadId': uploadPart,
  'POST object uploadId': completeMultipartUpload,
  'DELETE object uploadId': abortMultipartUpload,
};

// These belong to signing and paging, not to the addressed resource.
const notAddressing = new Set(['security-token', 'continuation-token']);

const servedHeaders =
  /^x-oss-(acl|content-sha256|date|forbid-overwrite|meta-.+|range-behavior|security-token|user-agent)$/;

/** Object Storage Service, path style. Serves the operations in the table above and refuses others as OSS would. */
export function createOssEmulator({
  account,
  stateDirectory,
  region,
  now = Date.now,
}: OssEmulatorOptions): OssEmulator {
  const state = openObjectState(stateDirectory);
  const blobs = openBlobFiles(path.join(stateDirectory, 'oss-blobs'));
  blobs.sweep(state.namesBlob);
  const storage: ObjectStorage = { state, blobs, region, ownerId: account.accountId, now };

  return {
    async handle(message, response) {
      const requestId = randomBytes(12).toString('hex').toUpperCase();
      response.setHeader('server', 'AliyunOSS');
      response.setHeader('x-oss-request-id', requestId);
      try {
        const request = parseOssRequest(message);
        const context = { account, region, now: now() };
        if (isFormUpload(request)) await postObject(storage, context, request, response);
        else {
          authenticateOss(context, request);
          await chooseOperation(request)(storage, request, response);
        }
      } catch (error) {
        if (message.socket.destroyed) return; // nobody is left to answer
        if (response.headersSent || !(error instanceof OssError)) throw error;
        writeOssError(response, error, requestId, message.headers.host ?? '');
      } finally {
        // An answer may come before the body has been read. The rest must still be consumed, or the
        // connection would hang: Node does so only for a body that nobody has begun to read.
        message.removeAllListeners('readable').resume();
      }
    },
    putBucket(name) {
      checkBucketName(name);
      state.createBucket(name, now());
    },
    readObject(bucket, key) {
      const object = state.findObject(bucket, key);
      if (!object) return undefined;
      return {
        size: object.size,
        contentType: object.headers['content-type'] ?? 'application/octet-stream',
        etag: `"${object.etag}"`,
        lastModified: new Date(object.lastModified),
        headers: object.headers,
        body: blobs.open(object.blob),
      };
    },
    async writeObject(bucket, key, content, { contentType } = {}) {
      const headers = headersToKeep(contentType === undefined ? [] : [['content-type', contentType]]);
      const source = Buffer.isBuffer(content) ? single(content) : content;
      await storeObject(storage, { bucket, key, headers, forbidOverwrite: false }, source);
    },
    close: async () => state.close(),
  };
}

/** A POST to the bucket itself: its authority is in the body. */
const isFormUpload = (request: OssRequest) =>
  request.method === 'POST' &&
  request.bucket !== undefined &&
  request.key === undefined &&
  addressedParameters(request).length === 0;

const addressedParameters = (request: OssRequest) =>
  [...request.query.keys()].filter((name) => subresources.has(name) && !notAddressing.has(name)).sort();

function chooseOperation(request: OssRequest): Operation {
  const unserved = [...request.headers.keys()].find((name) => name.startsWith('x-oss-') && !servedHeaders.test(name));
  if (unserved !== undefined) throw notImplemented(unserved);
  const addressed = request.bucket === undefined ? 'service' : request.key === undefined ? 'bucket' : 'object';
  const name = [request.method, addressed, addressedParameters(request).join(',')].join(' ').trimEnd();
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (!operation) throw notImplemented(name);
  return operation;
}

async function* single(content: Buffer): AsyncGenerator<Buffer> {
  yield content;
}
