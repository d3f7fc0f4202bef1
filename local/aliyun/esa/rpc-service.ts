import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AcsError, verifyAcs3 } from '../../wire/acs3.ts';
import { readBody } from '../../wire/emulator.ts';
import type { Account } from '../account.ts';

/** The parameters of one place (query or form) of an RPC call, with Aliyun's errors for what is missing or malformed. */
export interface RpcParameters {
  optional(name: string): string | undefined;
  required(name: string): string;
  integer(name: string): number | undefined;
  flag(name: string): boolean | undefined;
  /** A nested object or array: the SDKs send those as JSON text. */
  json(name: string): unknown;
}

export interface RpcCall {
  readonly query: RpcParameters;
  readonly form: RpcParameters;
}

/** One operation: the HTTP method it insists on, and what it answers besides `RequestId`. */
export interface RpcAction {
  readonly method: 'GET' | 'POST';
  run(call: RpcCall): object | Promise<object>;
}

/** Above the largest documented value (2 MB), percent-encoded. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

/**
 * Answers the calls of one RPC product of Aliyun (`/`, the operation in `x-acs-action`, signed with ACS3). `version` is
 * the only API version served. Every answer, errors included, carries a `RequestId`.
 */
export function createRpcService(
  account: Account,
  version: string,
  actions: Readonly<Record<string, RpcAction>>,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const answer = async (request: IncomingMessage) => {
    const body = await readBody(request, MAX_BODY_BYTES).catch(() => {
      throw new AcsError(413, 'RequestEntityTooLarge', 'The request body is too large.');
    });
    verifyAcs3(account, request, body);
    if (request.headers['x-acs-version'] !== version)
      throw new AcsError(400, 'InvalidVersion', 'Specified parameter Version is not valid.');
    const name = String(request.headers['x-acs-action'] ?? '');
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (!action) {
      throw new AcsError(404, 'InvalidApi.NotFound', 'Specified api is not found, please check your url and method.');
    }
    if (request.method !== action.method) {
      throw new AcsError(
        403,
        'UnsupportedHTTPMethod',
        `The HTTP method ${request.method} is not supported by ${name}.`,
      );
    }
    const query = parameters(new URL(request.url ?? '/', 'http://local').searchParams);
    return action.run({ query, form: parameters(new URLSearchParams(body.toString())) });
  };

  return async (request, response) => {
    const requestId = randomUUID().toUpperCase();
    const send = (status: number, value: object) => {
      response.writeHead(status, { 'content-type': 'application/json;charset=utf-8', 'x-acs-request-id': requestId });
      response.end(JSON.stringify({ ...value, RequestId: requestId }));
    };
    try {
      send(200, await answer(request));
    } catch (error) {
      const host = String(request.headers.host ?? '');
      if (error instanceof AcsError)
        return send(error.status, { Code: error.code, Message: error.message, HostId: host });
      console.error(error);
      send(500, { Code: 'InternalError', Message: 'The request processing has failed.', HostId: host });
    }
  };
}

function parameters(values: URLSearchParams): RpcParameters {
  const optional = (name: string) => values.get(name) ?? undefined;
  const invalid = (name: string) => new AcsError(400, `Invalid${name}`, `Specified parameter ${name} is not valid.`);
  return {
    optional,
    required(name) {
      const value = optional(name);
      if (value === undefined || value === '')
        throw new AcsError(400, `Missing${name}`, `${name} is mandatory for this action.`);
      return value;
    },
    integer(name) {
      const value = optional(name);
      if (value === undefined) return undefined;
      if (!/^-?\d{1,16}$/.test(value)) throw invalid(name);
      return Number(value);
    },
    flag(name) {
      const value = optional(name);
      if (value === undefined) return undefined;
      if (value !== 'true' && value !== 'false') throw invalid(name);
      return value === 'true';
    },
    json(name) {
      const value = optional(name);
      if (value === undefined) return undefined;
      try {
        return JSON.parse(value);
      } catch {
        throw invalid(name);
      }
    },
  };
}
