import { createServer, type IncomingMessage, type Server } from 'node:http';
import middy, { type MiddlewareObj } from '@middy/core';
import * as z from 'zod';
import { errors } from '../contracts/errors.ts';
import { AppError } from '../kernel/app-error.ts';
import type { Context } from '../kernel/context.ts';
import { describeError } from '../kernel/describe-error.ts';
import type { Log } from '../kernel/log.ts';
import { instanceConfig, readConfig } from './config.ts';
import type { createCredentials } from './credentials.ts';
import { drainOnStop, useLongLivedConnections } from './drain.ts';
import { createLog } from './logger.ts';
import { requestIdFrom } from './request-id.ts';

/** Function Compute's description of an invocation, from the headers of `POST /invoke`. */
export interface EventContext {
  readonly fcRequestId: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** The invocation's time limit in seconds. */
  readonly timeoutSeconds: number;
}

export interface EventFunction<Schema extends z.ZodType, Result> {
  readonly name: string;
  /** The event's strict schema. An asynchronous call and a timer's payload have the same form. */
  readonly event: Schema;
  run(event: z.output<Schema>, context: Context & { readonly timeoutSeconds: number }): Promise<Result>;
  close(): Promise<void>;
  readonly credentials?: ReturnType<typeof createCredentials>;
}

/** A timer delivers its payload as a string inside an envelope. */
const timerEvent = z.object({ triggerName: z.string(), triggerTime: z.string(), payload: z.string() });

type Onion = MiddlewareObj<unknown, unknown, Error, EventContext>;

/** Bytes → JSON → the timer's payload if it is a timer → schema. */
const parseEvent = (schema: z.ZodType): Onion => ({
  before(request) {
    let value: unknown;
    try {
      const text = (request.event as Buffer).toString('utf8');
      value = text === '' ? {} : JSON.parse(text);
      const timer = timerEvent.safeParse(value);
      if (timer.success) value = timer.data.payload === '' ? {} : JSON.parse(timer.data.payload);
    } catch (cause) {
      throw new AppError('invalid_json', { cause });
    }
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw new AppError('invalid_request', { message: z.prettifyError(parsed.error) });
    request.event = parsed.data;
  },
});

/** One log line per invocation. */
const logInvocation = (): Onion => {
  const started = new WeakMap<object, number>();
  const duration = (request: { context: object }) =>
    Math.round(performance.now() - (started.get(request.context) ?? performance.now()));
  return {
    before: (request) => void started.set(request.context, performance.now()),
    after: (request) => request.context.log.info('invocation', { durationMs: duration(request) }),
    onError: (request) =>
      request.context.log.error('invocation failed', {
        durationMs: duration(request),
        ...describeError(request.error),
      }),
  };
};

/** A permanent error ends here: it is logged, and Function Compute does not retry the call. */
const swallowPermanentErrors = (): Onion => ({
  onError(request) {
    const { error } = request;
    if (!(error instanceof AppError) || errors[error.code].retryable) return undefined;
    return { failed: error.code };
  },
});

/** The onion: `(event: Buffer, context) → result`. */
export function eventHandler<Schema extends z.ZodType, Result>(definition: EventFunction<Schema, Result>) {
  return middy<unknown, unknown, Error, EventContext>({ timeoutEarlyInMillis: 0 })
    .use(swallowPermanentErrors())
    .use(logInvocation())
    .use(parseEvent(definition.event))
    .handler((event, context) => {
      const parsed = event as z.output<Schema>;
      const given = (parsed as { request_id?: unknown } | null)?.request_id;
      const requestId = requestIdFrom(typeof given === 'string' ? given : undefined, context.fcRequestId);
      const { signal, timeoutSeconds } = context;
      return definition.run(parsed, { requestId, log: context.log.with({ requestId }), signal, timeoutSeconds });
    });
}

/** An asynchronous call carries at most 128 KB; a synchronous one could carry 32 MB, which no event of ours needs. */
const EVENT_LIMIT_BYTES = 1024 * 1024;

async function readEvent(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > EVENT_LIMIT_BYTES) throw new AppError('payload_too_large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Starts an event function on the port Function Compute assigns: `POST /invoke` runs the onion, anything that is not an invocation is
 * 404. A failed invocation answers `x-fc-status: 404`, which Function Compute retries.
 */
export function startEventFunction<Schema extends z.ZodType, Result>(
  definition: EventFunction<Schema, Result>,
): Server {
  const { port, instanceId } = readConfig([instanceConfig]);
  const log = createLog({ function: definition.name, instance: instanceId });
  const handle = eventHandler(definition);
  const header = (request: IncomingMessage, name: string) => request.headers[name]?.toString();

  const server = createServer(async (request, response) => {
    const controlPath = header(request, 'x-fc-control-path');
    if (controlPath === '/pre-stop') {
      response.end();
      void stop();
      return;
    }
    if (request.method !== 'POST' || request.url !== '/invoke' || controlPath !== '/invoke') {
      response.writeHead(404).end();
      return;
    }
    definition.credentials?.renew((name) => header(request, name));
    const timeoutSeconds = Number(header(request, 'x-fc-function-timeout') ?? 60);
    const context: EventContext = {
      fcRequestId: header(request, 'x-fc-request-id') ?? '',
      log,
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
      timeoutSeconds,
    };
    try {
      const result = await handle(await readEvent(request), context);
      response.writeHead(200, { 'content-type': 'application/json', 'x-fc-status': '200' });
      response.end(JSON.stringify(result ?? null));
    } catch (error) {
      const name = error instanceof AppError ? error.code : 'internal';
      response.writeHead(500, { 'content-type': 'application/json', 'x-fc-status': '404' });
      response.end(JSON.stringify({ errorType: name, errorMessage: name }));
    }
  });
  const stop = drainOnStop(server, log, () => definition.close());
  useLongLivedConnections(server);
  return server.listen(port, '0.0.0.0');
}
