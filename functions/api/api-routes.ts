import { api, type OperationId } from '@miaobu/shared/contracts/api';
import type { Endpoint } from '@miaobu/shared/contracts/endpoint';
import { AppError } from '@miaobu/shared/kernel/app-error';
import type { Context } from '@miaobu/shared/kernel/context';
import { describeError } from '@miaobu/shared/kernel/describe-error';
import { readJson, type WebApp, type WebEnvironment } from '@miaobu/shared/runtime/web-function';
import type { Context as HonoContext } from 'hono';
import { getCookie } from 'hono/cookie';
import type * as z from 'zod';
import type { authenticate } from './authenticate.ts';
import { authorize } from './authorize.ts';
import { eventStream } from './onion/event-stream.ts';
import type { EventsAnswer, JsonAnswer, Operations, RedirectAnswer } from './operation.ts';
import { referenceRoutes } from './reference-routes.ts';

// One type for every entry: a loop over ids cannot carry the type of each.
const table: Readonly<Record<OperationId, Endpoint>> = api;

const BODY_LIMIT_BYTES = 1024 * 1024;
/** Less than Function Compute gives a request (s.yaml): a stream ends before, and its reader comes back with a credential that still counts. */
const STREAM_MS = 240_000;

export interface Deps {
  readonly authenticate: ReturnType<typeof authenticate>;
  readonly operations: Operations;
  /** Throws when the database does not answer. */
  readonly assertReady: () => Promise<void>;
  /** Fires when the instance is about to end. */
  readonly stopping: AbortSignal;
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, part: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => ({
    path: [part, ...issue.path].join('.'),
    problem: issue.message,
  }));
  throw new AppError('invalid_request', { details: { fields } });
}

/** The routes of `contracts/api.ts`: authenticate → parse → run → parse the answer. Never edited for one endpoint. */
export function apiRoutes(app: WebApp, deps: Deps): void {
  app.get('/health/ready', async (c) => {
    await deps.assertReady();
    return c.json({ data: { ready: true } });
  });
  referenceRoutes(app);

  const serve = async (id: OperationId, c: HonoContext<WebEnvironment>) => {
    const { access, params, query, body, headers, cookies, answers, output, status, paginated } = table[id];
    const actor = access === 'public' ? undefined : await deps.authenticate(c.req.header('authorization'));
    if (actor && access !== 'public') authorize(access, actor);
    const request = {
      params: parse(params, c.req.param(), 'params'),
      query: parse(query, c.req.query(), 'query'),
      headers: headers && parse(headers, c.req.header(), 'headers'),
      cookies: cookies && parse(cookies, getCookie(c), 'cookies'),
      body: body === null ? undefined : parse(body, await readJson(c.req.raw, BODY_LIMIT_BYTES), 'body'),
    };
    const operation = deps.operations[id] as unknown as (
      ...args: [typeof request, typeof actor, Context]
    ) => Promise<RedirectAnswer | JsonAnswer<OperationId> | EventsAnswer<unknown>>;
    const given = c.get('context');
    const signals = [given.signal, deps.stopping, AbortSignal.timeout(STREAM_MS)];
    const context = answers === 'events' ? { ...given, signal: AbortSignal.any(signals) } : given;
    const answer = await operation(request, actor, context);
    if ('events' in answer) {
      const stream = eventStream(answer.events, {
        signal: context.signal,
        parse: (data) => output.parse(data),
        onEnd: (error) => error !== undefined && context.log.error('stream failed', describeError(error)),
      });
      return c.body(stream, 200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    }
    for (const cookie of answer.cookies ?? []) c.header('set-cookie', cookie, { append: true });
    if ('location' in answer) return c.redirect(answer.location, 302);
    for (const [name, value] of Object.entries(answer.headers ?? {})) c.header(name, value);
    const data = output.parse(answer.data);
    if (status === 204) return c.body(null, 204);
    return c.json(paginated ? { data, meta: { next_cursor: answer.nextCursor ?? null } } : { data }, status);
  };

  const methods = new Map<string, string[]>();
  for (const id of Object.keys(api) as OperationId[]) {
    const { method, path } = api[id];
    const pattern = path.replace(/\{(\w+)\}/g, ':$1');
    methods.set(pattern, [...(methods.get(pattern) ?? []), method]);
    app.on(method, pattern, (c) => serve(id, c));
  }
  for (const [pattern, allowed] of methods) {
    app.all(pattern, () => {
      throw new AppError('method_not_allowed', { details: { allowed } });
    });
  }
}
