import { api, type OperationId } from '@miaobu/shared/contracts/api';
import type { Endpoint } from '@miaobu/shared/contracts/endpoint';
import { errors } from '@miaobu/shared/contracts/errors';
import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { errorAnswer } from '@miaobu/shared/runtime/error-response';
import { readBytes, type WebApp, type WebEnvironment } from '@miaobu/shared/runtime/web-function';
import type { Context as HonoContext } from 'hono';
import { getCookie } from 'hono/cookie';
import type { ContentfulStatusCode, StatusCode } from 'hono/utils/http-status';
import type { authenticate } from './authenticate.ts';
import { authorize } from './authorize.ts';
import { allowOrigins } from './cross-origin-routes.ts';
import type { answerOnce } from './onion/answer-once.ts';
import { deprecationHeaders } from './onion/deprecation-headers.ts';
import { costOf, type limit } from './onion/limit.ts';
import type { openStream } from './onion/open-stream.ts';
import { negotiate, type Rendered, render } from './onion/rendered.ts';
import { parseJson, validate } from './onion/validate.ts';
import type { Actor, EventsAnswer, JsonAnswer, Operations, RedirectAnswer } from './operation.ts';
import { referenceRoutes } from './reference-routes.ts';

const BODY_LIMIT_BYTES = 1024 * 1024;
const READY_MS = 1000;

export interface Deps {
  readonly limit: ReturnType<typeof limit>;
  readonly authenticate: ReturnType<typeof authenticate>;
  readonly answerOnce: ReturnType<typeof answerOnce>;
  readonly openStream: ReturnType<typeof openStream>;
  readonly operations: Operations;
  /** Throws when the database does not answer. */
  readonly assertReady: () => Promise<void>;
  /** Origins whose pages may use the API. */
  readonly corsOrigins: readonly string[];
  /** Replaces the API's endpoints, for tests that apply to any endpoint. */
  readonly table?: Readonly<Record<string, Endpoint>>;
}

type Web = HonoContext<WebEnvironment>;
type AnyOperation = (
  request: object,
  actor: Actor | undefined,
  context: Context,
) => Promise<RedirectAnswer | JsonAnswer<OperationId> | EventsAnswer<unknown>>;

const notAllowed = (allowed: readonly string[]) => new AppError('method_not_allowed', { details: { allowed } });

/** The error response, as stored for replays; undefined when a retry makes sense. */
function renderError(error: unknown, requestId: string): Rendered | undefined {
  const { status, headers, body } = errorAnswer(error, requestId);
  if (status >= 500 || errors[body.error.code].retryable) return undefined;
  return {
    status,
    headers: [...Object.entries(headers), ['content-type', 'application/json']],
    text: JSON.stringify(body),
  };
}

/**
 * The routes of `contracts/api.ts`, never edited for one endpoint, each wrapped in the onion. Shared by all web functions are request id
 * and log (`runtime/web-function.ts`); then, in this order: CORS, limit, body, authentication, authorization, validation.
 */
export function apiRoutes(app: WebApp, deps: Deps): void {
  const table: Readonly<Record<string, Endpoint>> = deps.table ?? api;
  const operations = deps.operations as unknown as Readonly<Record<string, AnyOperation>>;

  app.use(allowOrigins(deps.corsOrigins));

  app.get('/health/ready', async (c) => {
    const late = AbortSignal.timeout(READY_MS);
    const tooLate = new Promise<never>((_, reject) => {
      late.addEventListener('abort', () => reject(new AppError('database_unavailable')), { once: true });
    });
    await Promise.race([deps.assertReady(), tooLate]);
    return c.json({ data: { ready: true } });
  });
  referenceRoutes(app);

  async function authenticated(c: Web, { access }: Endpoint): Promise<Actor | undefined> {
    if (access === 'public') return undefined;
    const authorization = c.req.header('authorization');
    try {
      return await deps.authenticate(authorization);
    } catch (error) {
      const wasRefused = error instanceof AppError && error.code === 'unauthorized' && authorization !== undefined;
      if (wasRefused) await deps.limit.refused(c.get('context').address, (name, value) => c.header(name, value));
      throw error;
    }
  }

  function validated(c: Web, { params, query, headers, cookies, body, requiresIfMatch }: Endpoint, bytes: Buffer) {
    if (requiresIfMatch && c.req.header('if-match') === undefined) throw new AppError('precondition_required');
    return {
      params: validate(params, c.req.param(), 'params'),
      query: validate(query, c.req.query(), 'query'),
      headers: headers && validate(headers, c.req.header(), 'headers'),
      cookies: cookies && validate(cookies, getCookie(c), 'cookies'),
      body: body === null ? undefined : validate(body, parseJson(bytes, c.req.header('content-type')), 'body'),
    };
  }

  async function serve(id: string, endpoint: Endpoint, operation: AnyOperation, c: Web): Promise<Response> {
    const context = c.get('context');
    const { access, answers, deprecated, output } = endpoint;
    // Hono answers HEAD like GET; but following one of these redirects starts or finishes a sign-in.
    if (answers === 'redirect' && c.req.method !== endpoint.method) throw notAllowed([endpoint.method]);
    const header = (name: string, value: string) => c.header(name, value);
    if (deprecated) for (const [name, value] of Object.entries(deprecationHeaders(deprecated))) header(name, value);

    const asked = { cost: costOf(endpoint), address: context.address, authorization: c.req.header('authorization') };
    await deps.limit.admit(asked, header);
    const bytes = endpoint.body === null ? Buffer.alloc(0) : await readBytes(c.req.raw, BODY_LIMIT_BYTES);
    const actor = await authenticated(c, endpoint);
    if (actor && access !== 'public') authorize(access, actor);
    const request = validated(c, endpoint, bytes);

    if (answers === 'events') {
      const events = async (signal: AbortSignal) => {
        const answer = await operation(request, actor, { ...context, signal });
        if (!('events' in answer)) throw new AppError('internal', { message: `${id} answers no events` });
        return answer.events;
      };
      const parse = (data: unknown) => output.parse(data);
      header('content-type', 'text/event-stream');
      // Proxies that buffer responses would hold events back.
      header('x-accel-buffering', 'no');
      // Headers only: a stream that nobody reads would keep its slot.
      if (c.req.method === 'HEAD') {
        await events(AbortSignal.abort());
        return c.body(null);
      }
      return c.body(await deps.openStream(actor, context, events, parse));
    }

    const work = async (): Promise<Rendered> => {
      const answer = await operation(request, actor, context);
      if ('events' in answer) throw new AppError('internal', { message: `${id} answers events` });
      return render(endpoint, answer);
    };
    const key = endpoint.method === 'POST' ? c.req.header('idempotency-key') : undefined;
    if (key === undefined) return send(c, await work());
    const { pathname, search } = new URL(c.req.url);
    const carried = { authorization: c.req.header('authorization'), cookie: c.req.header('cookie') };
    const once = { key, operation: id, path: pathname + search, bytes, actor, ...carried };
    const { rendered, replayed } = await deps.answerOnce(once, context, work, (error) =>
      renderError(error, context.requestId),
    );
    if (replayed) header('idempotency-replayed', 'true');
    return send(c, rendered);
  }

  async function send(c: Web, rendered: Rendered): Promise<Response> {
    const { status, headers, body } = await negotiate(rendered, {
      ifNoneMatch: ['GET', 'HEAD'].includes(c.req.method) ? c.req.header('if-none-match') : undefined,
      acceptEncoding: c.req.header('accept-encoding'),
    });
    for (const [name, value] of headers) c.header(name, value, { append: name === 'set-cookie' || name === 'vary' });
    return body === null ? c.body(null, status as StatusCode) : c.body(body, status as ContentfulStatusCode);
  }

  const methods = new Map<string, string[]>();
  for (const [id, endpoint] of Object.entries(table)) {
    const operation = operations[id];
    if (!operation) throw new Error(`nobody answers ${id}`);
    for (const path of [endpoint.path, ...(endpoint.aliases ?? [])]) {
      const pattern = path.replace(/\{(\w+)\}/g, ':$1');
      methods.set(pattern, [...(methods.get(pattern) ?? []), endpoint.method]);
      app.on(endpoint.method, pattern, (c) => serve(id, endpoint, operation, c));
    }
  }
  for (const [pattern, allowed] of methods) {
    app.all(pattern, () => {
      throw notAllowed(allowed);
    });
  }
}
