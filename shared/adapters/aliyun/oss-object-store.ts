import type { Readable } from 'node:stream';
import type OSS from 'ali-oss';
import { AppError } from '../../kernel/app-error.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { type OssCredentials, ossV4Presign } from './oss-v4-presign.ts';
import { platformRefusal } from './platform-refusal.ts';
import { observingWait } from './stated-wait.ts';

export interface OssObjectStoreConfig {
  /** Including the scheme, without the bucket: `https://oss-cn-hangzhou-internal.aliyuncs.com`. */
  readonly endpoint: string;
  /** For presigned URLs, which are used from outside the VPC. Default: `endpoint`. */
  readonly publicEndpoint?: string;
  /** `/{bucket}/{key}` instead of `{bucket}.{host}`. The host must not be an IP address without it. */
  readonly pathStyle: boolean;
  /** `cn-hangzhou`. */
  readonly region: string;
  readonly bucket: string;
  /** Read for every call: a role's credentials rotate while an instance lives. */
  readonly credentials: () => OssCredentials;
  /** To connect, and again until the response begins, which includes sending the body. Default 60 s. */
  readonly timeoutMs?: number;
}

const MAX_KEYS_PER_CALL = 1000;
const DEFAULT_TIMEOUT_MS = 60_000;

/** `ObjectStore` on Alibaba Cloud OSS. Presigning does not load the SDK; the first other call does. */
export function ossObjectStore(config: OssObjectStoreConfig): ObjectStore {
  let current: { accessKeyId: string; client: Promise<OSS> } | undefined;

  const client = (): Promise<OSS> => {
    const credentials = config.credentials();
    if (current?.accessKeyId !== credentials.accessKeyId) {
      current = { accessKeyId: credentials.accessKeyId, client: createClient(config, credentials) };
    }
    return current.client;
  };

  const get: ObjectStore['get'] = async (key) => {
    const found = await missingAsUndefined(async () => (await client()).getStream(key));
    if (!found) return undefined;
    const contentType = found.res.headers['content-type'];
    return {
      body: found.stream,
      size: Number(found.res.headers['content-length']),
      ...(contentType === undefined ? {} : { contentType }),
    };
  };

  type Page = Parameters<ObjectStore['list']>[1];
  const list = async (prefix: string, { cursor, limit = MAX_KEYS_PER_CALL }: Page = {}, more: object = {}) =>
    translated(async () =>
      (await client()).listV2({
        'max-keys': limit,
        // The SDK signs an empty value as `prefix=`, OSS as `prefix`.
        ...(prefix === '' ? {} : { prefix }),
        ...(cursor === undefined ? {} : { 'continuation-token': cursor }),
        ...more,
      }),
    );

  return {
    async put(key, body, { contentType, contentLength, forbidOverwrite } = {}) {
      const options = {
        headers: forbidOverwrite ? { 'x-oss-forbid-overwrite': 'true' } : {},
        ...(contentType === undefined ? {} : { mime: contentType }),
        ...(contentLength === undefined ? {} : { contentLength }),
      };
      await translated(async () => (await client()).put(key, body, options));
    },
    get,
    async read(key, limitBytes) {
      const found = await get(key);
      if (!found) return undefined;
      if (found.size > limitBytes) {
        found.body.destroy();
        throw new AppError('payload_too_large', { details: { limit_bytes: limitBytes } });
      }
      return translated(() => collect(found.body));
    },
    async head(key) {
      const found = await missingAsUndefined(async () => (await client()).head(key));
      if (!found) return undefined;
      return { size: Number(found.res.headers['content-length']), etag: found.res.headers.etag ?? '' };
    },
    async delete(keys) {
      for (let at = 0; at < keys.length; at += MAX_KEYS_PER_CALL) {
        const some = keys.slice(at, at + MAX_KEYS_PER_CALL);
        await translated(async () => (await client()).deleteMulti(some, { quiet: true }));
      }
    },
    async list(prefix, page) {
      const { objects, nextContinuationToken: next } = await list(prefix, page);
      return {
        objects: objects.map(({ name, size, lastModified }) => ({
          key: name,
          size,
          lastModified: new Date(lastModified),
        })),
        ...(next === null ? {} : { nextCursor: next }),
      };
    },
    async listFolders(prefix, page) {
      const { prefixes, nextContinuationToken: next } = await list(prefix, page, { delimiter: '/' });
      return { folders: prefixes ?? [], ...(next === null ? {} : { nextCursor: next }) };
    },
    async presignPut(key, { contentLength, contentType, contentMd5, forbidOverwrite, expiresInSeconds }) {
      const headers = {
        'content-length': String(contentLength),
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
        ...(contentMd5 === undefined ? {} : { 'content-md5': contentMd5 }),
        ...(forbidOverwrite ? { 'x-oss-forbid-overwrite': 'true' } : {}),
      };
      const url = ossV4Presign({
        method: 'PUT',
        endpoint: config.publicEndpoint ?? config.endpoint,
        pathStyle: config.pathStyle,
        region: config.region,
        bucket: config.bucket,
        key,
        headers,
        expiresInSeconds,
        credentials: config.credentials(),
        now: new Date(),
      });
      return { url, headers };
    },
  };
}

async function createClient(config: OssObjectStoreConfig, credentials: OssCredentials): Promise<OSS> {
  const { default: Client } = await import('ali-oss');
  const { accessKeyId, accessKeySecret, securityToken } = credentials;
  return new Client({
    accessKeyId,
    accessKeySecret,
    bucket: config.bucket,
    endpoint: config.endpoint,
    region: config.region,
    sldEnable: config.pathStyle,
    authorizationV4: true,
    timeout: config.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    // Without a refresh function the SDK prints a warning; we create another client when the credentials have changed.
    ...(securityToken === undefined
      ? {}
      : {
          stsToken: securityToken,
          refreshSTSToken: async () => ({ accessKeyId, accessKeySecret, stsToken: securityToken }),
        }),
  });
}

/**
 * Returns undefined for a missing object. A missing bucket looks the same here: a HEAD response has no body, and the SDK discards that of
 * a streamed GET.
 */
const missingAsUndefined = <T>(call: () => Promise<T>): Promise<T | undefined> =>
  observingWait((statedWait) =>
    call().catch((error: OSS.OssSdkError) => {
      if (error.status === 404) return undefined;
      throw appErrorOf(error, statedWait());
    }),
  );

const translated = <T>(call: () => Promise<T>): Promise<T> =>
  observingWait((statedWait) =>
    call().catch((error: OSS.OssSdkError) => {
      throw appErrorOf(error, statedWait());
    }),
  );

function appErrorOf(error: OSS.OssSdkError, statedWait: number | undefined): AppError {
  if (error instanceof AppError) return error;
  // The SDK's own text names hosts and sockets: it is kept as the cause, for the log.
  const message = `OSS ${error.code ?? error.name} (status ${error.status}, request ${error.requestId ?? 'unanswered'})`;
  const options = { message, cause: error };
  const asked = statedWait === undefined ? undefined : { retryAfterSeconds: statedWait };
  if (error.code === 'FileAlreadyExists') return new AppError('conflict', options);
  if (error.status === 429 || error.code === 'SlowDown') {
    return new AppError('vendor_throttled', { ...options, details: { service: 'object_store', ...asked } });
  }
  const isRefusal = error.status !== undefined && error.status >= 400 && error.status < 500;
  if (!isRefusal) return new AppError('object_store_unavailable', { ...options, ...(asked && { details: asked }) });
  const refusal = { service: 'object_store', statusCode: error.status, code: error.code ?? '', cause: error };
  return platformRefusal(refusal) ?? new AppError('vendor_rejected', options);
}

async function collect(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
