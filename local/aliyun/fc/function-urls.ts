import type { IncomingMessage, ServerResponse } from 'node:http';
import { AcsError } from '../../wire/acs3.ts';
import { readBody } from '../../wire/emulator.ts';
import { type AsyncQueue, MAX_ASYNC_PAYLOAD_BYTES } from './async-queue.ts';
import { clientGone } from './client-gone.ts';
import type { CustomDomainRecord, CustomDomainRecords } from './custom-domain-records.ts';
import { domainNamesFor, hostName, matchRoute } from './custom-domain-routing.ts';
import { MAX_SYNC_BODY_BYTES } from './event-invocation.ts';
import { entityTooLarge, notFound, writeFcError, writeFcJson } from './fc-errors.ts';
import type { FunctionHost } from './function-host.ts';
import { invokeHttp, readHttpHead } from './http-invocation.ts';
import { authenticateJwt, type JwtAuthentication } from './jwt-authentication.ts';
import type { TriggerRecord, TriggerRecords } from './trigger-records.ts';

/** The public side of FC: requests to the URLs of HTTP triggers and to custom domains. */
export interface FunctionUrls {
  /** Whether a `Host` is the URL of a trigger or a custom domain. */
  serves(host: string): boolean;
  /** Answers a request to a host that `serves` knows; 404 for any other. */
  answer(host: string, request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void>;
  /** Where an HTTP trigger is reached. */
  urlOf(trigger: TriggerRecord): string | undefined;
}

export interface FunctionUrlsOptions {
  readonly triggers: TriggerRecords;
  readonly domains: CustomDomainRecords;
  readonly host: FunctionHost;
  readonly queue: AsyncQueue;
  /** The origin of the URL with this first label. */
  readonly functionOrigin: (hostLabel: string) => string;
}

interface Target {
  readonly functionName: string;
  readonly jwt: JwtAuthentication | undefined;
  readonly forced: Record<string, string>;
}

/** As announced; 0 for a body that comes in chunks. */
const lengthOf = (request: IncomingMessage) => Number(request.headers['content-length'] ?? 0);

export function createFunctionUrls(options: FunctionUrlsOptions): FunctionUrls {
  const { triggers, domains, host: functions, queue, functionOrigin } = options;

  const triggerOf = (host: string) => {
    const label = hostName(host).split('.')[0] ?? '';
    const trigger = triggers.findByHostLabel(label);
    return trigger && new URL(functionOrigin(label)).hostname === hostName(host) ? trigger : undefined;
  };
  const domainOf = (host: string): CustomDomainRecord | undefined => {
    for (const name of domainNamesFor(host)) {
      const domain = domains.find(name);
      if (domain) return domain;
    }
    return undefined;
  };

  const targetOf = (host: string, request: IncomingMessage): Target => {
    const method = request.method ?? 'GET';
    const trigger = triggerOf(host);
    if (trigger?.config.type === 'http') {
      const { methods, disableUrlInternet, jwt } = trigger.config;
      if (disableUrlInternet) throw new AcsError(403, 'AccessDenied', 'the public URL of this function is disabled');
      if (!methods.includes(method))
        throw new AcsError(403, 'AccessDenied', `the HTTP trigger does not allow the method ${method}`);
      // FC's own domain is for trying things out: a browser is told to save what it downloads.
      return { functionName: trigger.functionName, jwt, forced: { 'content-disposition': 'attachment' } };
    }
    const domain = domainOf(host);
    if (!domain) throw notFound('DomainName', `domain name '${hostName(host)}'`);
    const route = matchRoute(domain.input.routeConfig.routes, request.url ?? '/', method);
    if (!route) throw notFound('Route', `a route of '${domain.domainName}' for ${method} ${request.url}`);
    return { functionName: route.functionName, jwt: domain.jwt, forced: {} };
  };

  const serve = async (target: Target, request: IncomingMessage, response: ServerResponse, requestId: string) => {
    const { functionName, jwt, forced } = target;
    const claims = jwt ? await authenticateJwt(jwt, request) : {};
    const head = readHttpHead(request, claims);
    if (String(request.headers['x-fc-invocation-type'] ?? '').toLowerCase() === 'async') {
      if (lengthOf(request) > MAX_ASYNC_PAYLOAD_BYTES) throw entityTooLarge(MAX_ASYNC_PAYLOAD_BYTES);
      const payload = await readBody(request, MAX_ASYNC_PAYLOAD_BYTES).catch((error: unknown) => {
        throw error instanceof RangeError ? entityTooLarge(MAX_ASYNC_PAYLOAD_BYTES) : error;
      });
      const taskId = request.headers['x-fc-async-task-id']?.toString();
      queue.enqueue({ requestId, functionName, request: { kind: 'http', head }, payload }, taskId);
      return writeFcJson(response, 202, undefined, requestId);
    }
    if (lengthOf(request) > MAX_SYNC_BODY_BYTES) throw entityTooLarge(MAX_SYNC_BODY_BYTES);
    const signal = clientGone(response);
    const lease = await functions.acquire(functionName, signal);
    await invokeHttp(lease, head, request, response, { requestId, signal, forced });
  };

  return {
    serves: (host) => triggerOf(host) !== undefined || domainOf(host) !== undefined,
    urlOf: ({ hostLabel }) => (hostLabel === undefined ? undefined : functionOrigin(hostLabel)),
    async answer(host, request, response, requestId) {
      try {
        await serve(targetOf(host, request), request, response, requestId);
      } catch (error) {
        if (response.destroyed) return;
        // The rest of the request is read and discarded, so that the client gets the answer and not a broken pipe.
        request.resume();
        writeFcError(response, error, requestId);
      }
    },
  };
}
