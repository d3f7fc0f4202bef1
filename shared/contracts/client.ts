import type * as z from 'zod';
import { type Api, api, type OperationId } from './api.ts';
import type { Endpoint } from './endpoint.ts';
import { readEvents } from './read-events.ts';

/** An error response of the API. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly details: unknown;
  readonly requestId: string | undefined;
  /** Seconds, from `Retry-After`. */
  readonly retryAfter: number | undefined;
  constructor(status: number, body: unknown, retryAfter?: number) {
    const { error, request_id } = (body ?? {}) as {
      error?: { code?: string; message?: string; details?: unknown };
      request_id?: string;
    };
    super(error?.message ?? `the API answered ${status}`);
    this.status = status;
    this.code = error?.code ?? 'unknown';
    this.details = error?.details;
    this.requestId = request_id;
    this.retryAfter = retryAfter;
  }
}

type HeadersInput<E extends Endpoint> = E['headers'] extends z.ZodType ? z.input<E['headers']> : never;

type Input<Id extends OperationId> = {
  params?: z.input<Api[Id]['params']>;
  query?: z.input<Api[Id]['query']>;
  headers?: HeadersInput<Api[Id]>;
  /** For a POST: a repetition of the call with the same key gets the first response, for a day. */
  idempotencyKey?: string;
} & (Api[Id]['body'] extends z.ZodType ? { body: z.input<Api[Id]['body']> } : { body?: never });

export interface Answer<Id extends OperationId> {
  readonly data: z.output<Api[Id]['output']>;
  readonly meta: { readonly next_cursor: string | null };
  /** For resources that several users may edit: send it as `if-match`. */
  readonly etag: string | undefined;
}

export type ApiClient = <Id extends OperationId>(operation: Id, input: Input<Id>) => Promise<Answer<Id>>;

export interface ClientOptions {
  readonly origin: string;
  /** Without it only public operations are permitted. */
  readonly token?: string | undefined;
  readonly fetch?: typeof fetch;
  /** Retries transient failures. A POST gets an `Idempotency-Key`, so that it is executed once however often it is sent. */
  readonly retry?: {
    readonly times: number;
    readonly pause: (milliseconds: number) => Promise<void>;
  };
}

interface AnyInput {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
}

/** Sends a request. Throws `ApiError` for an error response. */
async function ask(options: ClientOptions, operation: OperationId, input: AnyInput, init: RequestInit = {}) {
  const { method, path } = api[operation];
  const params = (input.params ?? {}) as Record<string, string>;
  const url = new URL(
    path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? '')),
    options.origin,
  );
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  const response = await (options.fetch ?? fetch)(url, {
    ...init,
    method,
    headers: {
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(input.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(input.idempotencyKey === undefined ? {} : { 'idempotency-key': input.idempotencyKey }),
      ...(input.headers as Record<string, string> | undefined),
    },
    ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
  });
  if (response.ok) return response;
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  throw new ApiError(response.status, parsed(await response.text()), Number.isFinite(seconds) ? seconds : undefined);
}

/** The same, with the retries of the options. */
async function askUntilAnswered(options: ClientOptions, operation: OperationId, input: AnyInput): Promise<Response> {
  const { retry } = options;
  const isPost = api[operation].method === 'POST';
  const same = retry && isPost ? { ...input, idempotencyKey: input.idempotencyKey ?? crypto.randomUUID() } : input;
  for (let failures = 1; ; failures++) {
    try {
      return await ask(options, operation, same);
    } catch (error) {
      if (!retry || failures > retry.times || !isPassing(error)) throw error;
      await retry.pause(pauseAfter(error, failures));
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * A typed client made from the table. Throws `ApiError` for an error response, `ZodError` for a response that violates
 * the contract, and network errors as `fetch` throws them.
 */
export const createClient =
  (options: ClientOptions): ApiClient =>
  async (operation, input) => {
    const response = await askUntilAnswered(options, operation, input);
    const { data, meta } = (parsed(await response.text()) ?? {}) as {
      data?: unknown;
      meta?: { next_cursor?: string | null };
    };
    return {
      // The schema of this operation: the compiler cannot infer that from the index.
      data: api[operation].output.parse(data) as never,
      meta: { next_cursor: meta?.next_cursor ?? null },
      etag: response.headers.get('etag') ?? undefined,
    };
  };

/** Operations that stream events. */
export type StreamId = {
  [Id in OperationId]: Api[Id] extends { readonly answers: 'events' } ? Id : never;
}[OperationId];

export interface ReceivedEvent<Id extends StreamId> {
  readonly event: string;
  readonly data: z.output<Api[Id]['output']>;
}

export type ApiStreams = <Id extends StreamId>(
  operation: Id,
  input: { params?: z.input<Api[Id]['params']>; query?: z.input<Api[Id]['query']>; signal?: AbortSignal },
) => AsyncGenerator<ReceivedEvent<Id>>;

export interface StreamOptions extends ClientOptions {
  /** Waits. Resolves early, and never rejects, when the signal fires. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** After this many milliseconds of silence the connection is considered dead. The API sends a heartbeat every 15 s. */
  readonly silenceMs?: number;
}

const SILENCE_MS = 45_000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 8000;
/** About half a minute in all: a restart of the platform takes seconds. */
const TRIES = 8;

/** Whether the same request may soon succeed. */
const isPassing = (error: unknown) =>
  error instanceof ApiError
    ? error.status >= 500 || [408, 429].includes(error.status) || error.code === 'idempotency_key_in_use'
    : isNetwork(error);
const isNetwork = (error: unknown) =>
  error instanceof TypeError || (error instanceof Error && /^(?:Abort|Timeout)Error$/.test(error.name));

/** Exponential backoff, at least as long as the response asks for. */
function pauseAfter(error: unknown, failures: number): number {
  const asked = error instanceof ApiError && error.retryAfter !== undefined ? error.retryAfter * 1000 : 0;
  return Math.max(asked, Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS));
}

/**
 * Streams of events that reconnect: a broken stream is continued where it stopped (`Last-Event-ID`). They end with the API's `end`
 * event, or when the signal fires. Throws like the client, but network errors only after half a minute of retries.
 */
export const createStreams = (options: StreamOptions): ApiStreams =>
  async function* (operation, { signal: given, ...input }) {
    const { output } = api[operation];
    const signal = given ?? new AbortController().signal;
    let lastId: string | undefined;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const quiet = new AbortController();
        const headers = {
          accept: 'text/event-stream',
          ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
        };
        const both = AbortSignal.any([signal, quiet.signal]);
        const response = await ask(options, operation, { ...input, headers }, { signal: both });
        if (!response.body) return;
        for await (const event of readEvents(response.body, options.silenceMs ?? SILENCE_MS, () => quiet.abort())) {
          failures = 0;
          if (event.event === 'end') return;
          lastId = event.id ?? lastId;
          yield { event: event.event, data: output.parse(parsed(event.data)) as never };
        }
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        if (!isPassing(error) || failures >= TRIES) throw error;
        await options.pause(pauseAfter(error, failures), signal);
        continue;
      }
      // Closed without an `end` event: after its four minutes, or with its instance.
      failures += 1;
      if (failures >= TRIES) throw new TypeError('fetch failed', { cause: new Error('the stream keeps breaking off') });
      await options.pause(FIRST_RETRY_MS, signal);
    }
  };
