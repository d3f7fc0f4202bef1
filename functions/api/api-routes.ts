import { api, type OperationId } from '@miaobu/shared/contracts/api';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { readJson, type WebApp, type WebEnvironment } from '@miaobu/shared/runtime/web-function';
import type { Context as HonoContext } from 'hono';
import type * as z from 'zod';
import type { authenticate } from './authenticate.ts';
import type { Answer, Operation, Operations } from './operation.ts';

const BODY_LIMIT_BYTES = 1024 * 1024;

export interface Deps {
  readonly authenticate: ReturnType<typeof authenticate>;
  readonly operations: Operations;
  /** Throws when the database does not answer. */
  readonly assertReady: () => Promise<void>;
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

  const serve = async (id: OperationId, c: HonoContext<WebEnvironment>) => {
    const { params, query, body, output, status, paginated } = api[id];
    const actor = await deps.authenticate(c.req.header('authorization'));
    const request = {
      params: parse(params, c.req.param(), 'params'),
      query: parse(query, c.req.query(), 'query'),
      body: body === null ? undefined : parse(body, await readJson(c.req.raw, BODY_LIMIT_BYTES), 'body'),
    };
    // The table gives every id its own types; a loop over ids cannot carry them.
    const operation = deps.operations[id] as unknown as Operation<OperationId>;
    const answer: Answer<OperationId> = await operation(request as never, actor, c.get('context'));
    const data = output.parse(answer.data);
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
