import type { ServerResponse } from 'node:http';
import { AcsError } from '../../wire/acs3.ts';

export const invalidArgument = (message: string) => new AcsError(400, 'InvalidArgument', message);

/** `kind` is the word of FC's error code: `Function`, `Trigger`, `LayerVersion`, `DomainName`, … */
export const notFound = (kind: string, what: string) => new AcsError(404, `${kind}NotFound`, `${what} does not exist`);

export const alreadyExists = (kind: string, what: string) =>
  new AcsError(409, `${kind}AlreadyExists`, `${what} already exists`);

export const entityTooLarge = (limitBytes: number) =>
  new AcsError(400, 'EntityTooLarge', `payload size exceeds maximum allowed size (${limitBytes} bytes)`);

export const stopping = () => new AcsError(503, 'ServiceUnavailable', 'the local cloud is stopping');

/** Writes an answer of the control plane. `undefined` is an empty one. */
export function writeFcJson(response: ServerResponse, status: number, body: unknown, requestId: string): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'x-fc-request-id': requestId,
  });
  response.end(text);
}

/**
 * Writes `{Code, Message, RequestId}`. Any error but an `AcsError` is a bug of the emulator: FC calls that
 * InternalServerError, and it is logged to standard error. An answer that has already begun is cut off instead.
 */
export function writeFcError(response: ServerResponse, error: unknown, requestId: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (!(error instanceof AcsError)) console.error(error);
  const known =
    error instanceof AcsError ? error : new AcsError(500, 'InternalServerError', 'an internal error has occurred');
  response.setHeader('x-fc-error-type', known.status === 502 ? 'UnhandledInvocationError' : 'FcCommonError');
  writeFcJson(response, known.status, { Code: known.code, Message: known.message, RequestId: requestId }, requestId);
}
