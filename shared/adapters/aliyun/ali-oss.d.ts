// ali-oss ships no types; this declares what the project uses, as of 6.23.0.
declare module 'ali-oss' {
  import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
  import type { Readable } from 'node:stream';

  namespace OSS {
    interface Options {
      accessKeyId: string;
      accessKeySecret: string;
      /** Must come with `refreshSTSToken`, or every client prints a warning. */
      stsToken?: string;
      refreshSTSToken?: () => Promise<{ accessKeyId: string; accessKeySecret: string; stsToken: string }>;
      bucket?: string;
      /** Including the scheme. An IP address breaks V1 URLs and, without `sldEnable`, every request. */
      endpoint?: string;
      /** `oss-cn-hangzhou` or `cn-hangzhou`. */
      region?: string;
      /** Path style: `/{bucket}/{key}`. */
      sldEnable?: boolean;
      authorizationV4?: boolean;
      secure?: boolean;
      /** Milliseconds to connect, and again until the response begins. */
      timeout?: number;
    }

    interface Response {
      status: number;
      headers: IncomingHttpHeaders;
    }

    interface RequestOptions {
      headers?: Record<string, string | number>;
      timeout?: number;
    }

    interface PutOptions extends RequestOptions {
      /** The content type; without it, one is guessed from the key's extension. */
      mime?: string;
      meta?: Record<string, string>;
      /** For a stream; without it the body is sent chunked. */
      contentLength?: number;
    }

    interface ListedObject {
      name: string;
      lastModified: string;
      etag: string;
      size: number;
      owner: { id: string; displayName: string } | null;
    }

    interface Part {
      number: number;
      etag: string;
    }

    /** What every rejected call throws. */
    interface OssSdkError extends Error {
      /** HTTP status; negative when there was no response (-1 connection, -2 timeout). */
      status?: number;
      code?: string;
      requestId?: string;
    }
  }

  class OSS {
    constructor(options: OSS.Options);
    putBucket(name: string, options?: { acl?: string }): Promise<{ bucket: string; res: OSS.Response }>;
    getBucketInfo(name: string): Promise<{ bucket: Record<string, unknown>; res: OSS.Response }>;
    put(key: string, body: Buffer | Readable, options?: OSS.PutOptions): Promise<{ name: string; res: OSS.Response }>;
    get(key: string, options?: OSS.RequestOptions): Promise<{ content: Buffer; res: OSS.Response }>;
    getStream(key: string, options?: OSS.RequestOptions): Promise<{ stream: IncomingMessage; res: OSS.Response }>;
    head(
      key: string,
      options?: OSS.RequestOptions,
    ): Promise<{ status: number; meta: Record<string, string> | null; res: OSS.Response }>;
    delete(key: string): Promise<{ res: OSS.Response }>;
    /** At most 1000 keys. */
    deleteMulti(
      keys: readonly string[],
      options?: { quiet?: boolean },
    ): Promise<{ deleted: { Key: string }[]; res: OSS.Response }>;
    list(
      query: { prefix?: string; marker?: string; delimiter?: string; 'max-keys'?: number },
      options: OSS.RequestOptions,
    ): Promise<{
      objects: OSS.ListedObject[];
      prefixes: string[] | null;
      nextMarker: string | null;
      isTruncated: boolean;
    }>;
    listV2(query: {
      prefix?: string;
      delimiter?: string;
      'start-after'?: string;
      'continuation-token'?: string;
      'max-keys'?: number;
      'encoding-type'?: 'url';
      'fetch-owner'?: boolean;
    }): Promise<{
      objects: OSS.ListedObject[];
      prefixes: string[] | null;
      isTruncated: boolean;
      keyCount: number;
      nextContinuationToken: string | null;
    }>;
    multipartUpload(
      key: string,
      body: Buffer,
      options?: { partSize?: number; mime?: string },
    ): Promise<{ etag: string; res: OSS.Response }>;
    initMultipartUpload(key: string, options?: OSS.PutOptions): Promise<{ uploadId: string }>;
    uploadPart(
      key: string,
      uploadId: string,
      number: number,
      body: Buffer,
      start: number,
      end: number,
    ): Promise<{ etag: string }>;
    completeMultipartUpload(
      key: string,
      uploadId: string,
      parts: readonly OSS.Part[],
      options?: OSS.RequestOptions,
    ): Promise<{ etag: string }>;
    abortMultipartUpload(key: string, uploadId: string): Promise<{ res: OSS.Response }>;
    /** V1. `expires` in seconds from now. */
    signatureUrl(key: string, options?: { method?: 'GET' | 'PUT'; expires?: number; 'Content-Type'?: string }): string;
    /** `expires` in seconds from now; `additionalHeaders` are names of `request.headers` to sign in addition to the implied ones. */
    signatureUrlV4(
      method: string,
      expires: number,
      request?: { headers?: Record<string, string | number>; queries?: Record<string, string> },
      key?: string,
      additionalHeaders?: string[],
    ): Promise<string>;
    /** V1 form upload. */
    calculatePostSignature(policy: object): { OSSAccessKeyId: string; Signature: string; policy: string };
  }

  export default OSS;
}
