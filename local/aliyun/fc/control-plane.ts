import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { AcsError, verifyAcs3 } from '../../wire/acs3.ts';
import { readBody } from '../../wire/emulator.ts';
import type { Account } from '../account.ts';
import { clientGone } from './client-gone.ts';
import { entityTooLarge, invalidArgument, notFound, writeFcError, writeFcJson } from './fc-errors.ts';

/** One signed call of the API. */
export interface ApiCall {
  /** The parts of the path that its pattern names with `:`, decoded. Throws for one it does not name. */
  parameter(name: string): string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body as JSON. Throws `InvalidArgument` when it is not. */
  json(): unknown;
  readonly requestId: string;
  /** Aborts when the caller goes escape. */
  readonly signal: AbortSignal;
}

/** `json` is serialized; `raw` is the body of an invocation. Neither: an empty answer. */
export interface ApiAnswer {
  readonly status: number;
  readonly json?: unknown;
  readonly raw?: Buffer;
  readonly headers?: Record<string, string>;
}

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the version, `/functions/:functionName`. */
  readonly path: string;
  readonly run: (call: ApiCall) => Promise<ApiAnswer> | ApiAnswer;
}

export const API_VERSION = '2023-03-30';
/** The API's own limit for a request with a code package in it. */
const MAX_REQUEST_BYTES = 100 * 1024 * 1024;

/** Answers FC's ROA API: verifies the signature, finds the operation by method and path, writes its answer or error. */
export function createControlPlane(account: Account, operations: readonly Operation[]) {
  return async (request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> => {
    try {
      const signal = clientGone(response);
      const body = await readBody(request, MAX_REQUEST_BYTES).catch((error: unknown) => {
        throw error instanceof RangeError ? entityTooLarge(MAX_REQUEST_BYTES) : error;
      });
      verifyAcs3(account, request, body);
      const url = new URL(request.url ?? '/', 'http://local');
      const { operation, parameters } = findOperation(operations, request.method ?? 'GET', url.pathname);
      const answer = await operation.run({
        parameter(name) {
          const value = parameters[name];
          if (value === undefined) throw new Error(`${operation.path} has no ${name}`);
          return value;
        },
        query: url.searchParams,
        headers: request.headers,
        body,
        json: () => parseJson(body),
        requestId,
        signal,
      });
      if (answer.raw === undefined) return writeFcJson(response, answer.status, answer.json, requestId);
      response.writeHead(answer.status, { ...answer.headers, 'x-fc-request-id': requestId });
      response.end(answer.raw);
    } catch (error) {
      if (!response.destroyed) writeFcError(response, error, requestId);
    }
  };
}

function findOperation(operations: readonly Operation[], method: string, pathname: string) {
  const [, version, ...parts] = pathname.split('/');
  if (version === API_VERSION) {
    for (const operation of operations) {
      const parameters = operation.method === method ? matchPath(operation.path, parts) : undefined;
      if (parameters) return { operation, parameters };
    }
  }
  throw new AcsError(400, 'PathNotSupported', `'${method}' against '${pathname}' is not supported by the local cloud`);
}

function matchPath(pattern: string, parts: readonly string[]): Record<string, string> | undefined {
  const names = pattern.split('/').slice(1);
  if (names.length !== parts.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const part = parts[index] ?? '';
    if (name.startsWith(':')) parameters[name.slice(1)] = decodeURIComponent(part);
    else if (name !== part) return undefined;
  }
  return parameters;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw invalidArgument('the body is not JSON');
  }
}

/** The local cloud keeps one version of a function, `LATEST`. */
export function requireLatest(call: ApiCall): void {
  const qualifier = call.query.get('qualifier') ?? 'LATEST';
  if (qualifier === 'LATEST') return;
  throw notFound(/^\d+$/.test(qualifier) ? 'Version' : 'Alias', `qualifier '${qualifier}' (there is only LATEST)`);
}

/** `limit` of a list, 1 to 100. */
export function readLimit(call: ApiCall, otherwise: number): number {
  const limit = Number(call.query.get('limit') ?? otherwise);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) throw invalidArgument('limit must be from 1 to 100');
  return limit;
}

export const newRequestId = () => randomUUID();
