import type * as z from 'zod';
import { type Api, api, type OperationId } from './api.ts';

/** What the API said when it refused. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly details: unknown;
  readonly requestId: string | undefined;
  constructor(status: number, body: unknown) {
    const { error, request_id } = (body ?? {}) as {
      error?: { code?: string; message?: string; details?: unknown };
      request_id?: string;
    };
    super(error?.message ?? `the API answered ${status}`);
    this.status = status;
    this.code = error?.code ?? 'unknown';
    this.details = error?.details;
    this.requestId = request_id;
  }
}

type Input<Id extends OperationId> = {
  params?: z.input<Api[Id]['params']>;
  query?: z.input<Api[Id]['query']>;
} & (Api[Id]['body'] extends z.ZodType ? { body: z.input<Api[Id]['body']> } : { body?: never });

export interface Answer<Id extends OperationId> {
  readonly data: z.output<Api[Id]['output']>;
  readonly meta: { readonly next_cursor: string | null };
}

export type ApiClient = <Id extends OperationId>(operation: Id, input: Input<Id>) => Promise<Answer<Id>>;

/**
 * A typed client made from the table. Throws `ApiError` for an error answer and a `ZodError` for an answer that breaks
 * the contract; network errors come as `fetch` throws them.
 */
export const createClient =
  (options: { origin: string; token: string; fetch?: typeof fetch }): ApiClient =>
  async (operation, input) => {
    const { method, path, output } = api[operation];
    const params = (input.params ?? {}) as Record<string, string>;
    const url = new URL(
      path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? '')),
      options.origin,
    );
    for (const [name, value] of Object.entries(input.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const response = await (options.fetch ?? fetch)(url, {
      method,
      headers: {
        authorization: `Bearer ${options.token}`,
        ...(input.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
    });
    const text = await response.text();
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      body = undefined;
    }
    if (!response.ok) throw new ApiError(response.status, body);
    const { data, meta } = (body ?? {}) as { data?: unknown; meta?: { next_cursor?: string | null } };
    // The table's schema of this very operation: the compiler cannot follow the index.
    return { data: output.parse(data) as never, meta: { next_cursor: meta?.next_cursor ?? null } };
  };
