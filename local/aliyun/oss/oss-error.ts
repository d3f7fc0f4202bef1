import type { ServerResponse } from 'node:http';
import { xmlDocument } from './oss-xml.ts';

/** OSS's error answer. `fields` are the further elements OSS adds for some codes (`Key`, `StringToSign`, …). */
export class OssError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: Readonly<Record<string, string>>;
  constructor(status: number, code: string, message: string, fields: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

export const invalidArgument = (message: string, name?: string, value?: string) =>
  new OssError(400, 'InvalidArgument', message, {
    ...(name === undefined ? {} : { ArgumentName: name }),
    ...(value === undefined ? {} : { ArgumentValue: value }),
  });

export const notImplemented = (what: string) =>
  new OssError(
    400,
    'NotImplemented',
    `A header or parameter you provided implies functionality that is not implemented: ${what}.`,
  );

/**
 * Writes the error as OSS does: XML, and for HEAD, which has no body, the same XML in base64 in `x-oss-err`.
 */
export function writeOssError(response: ServerResponse, error: OssError, requestId: string, host: string): void {
  const body = xmlDocument('Error', {
    Code: error.code,
    Message: error.message,
    RequestId: requestId,
    HostId: host,
    ...error.fields,
  });
  const isHead = response.req.method === 'HEAD';
  response.writeHead(error.status, {
    'content-type': 'application/xml',
    ...(isHead ? { 'x-oss-err': Buffer.from(body).toString('base64') } : { 'content-length': Buffer.byteLength(body) }),
  });
  response.end(isHead ? undefined : body);
}
