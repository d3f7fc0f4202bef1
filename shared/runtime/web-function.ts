import { createServer, type Server } from 'node:http';
import { isIP } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono, type MiddlewareHandler } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { AppError } from '../kernel/app-error.ts';
import type { Context } from '../kernel/context.ts';
import { describeError } from '../kernel/describe-error.ts';
import type { Log } from '../kernel/log.ts';
import { instanceConfig, readConfig } from './config.ts';
import type { createCredentials } from './credentials.ts';
import { drainOnStop, useLongLivedConnections } from './drain.ts';
import { errorAnswer } from './error-response.ts';
import { createLog } from './logger.ts';
import { requestIdFrom } from './request-id.ts';

export interface WebEnvironment {
  Variables: { context: Context };
}
export type WebApp = Hono<WebEnvironment>;

const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-site',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
} as const;

/**
 * Function Compute reports the client address in its own header. `x-forwarded-for` can be forged by the client: nothing of ours stands in
 * front of Function Compute.
 */
function clientAddress(header: string | undefined): string | undefined {
  const address = header?.trim().replace(/^::ffff:/, '');
  return address !== undefined && isIP(address) !== 0 ? address : undefined;
}

/** Request id, one log line per request, security headers: the outer layer of the onion. */
const observe =
  (log: Log): MiddlewareHandler<WebEnvironment> =>
  async (c, next) => {
    const started = performance.now();
    const requestId = requestIdFrom(
      c.req.header('x-request-id'),
      c.req.header('x-github-delivery'),
      c.req.header('x-fc-request-id'),
    );
    const requestLog = log.with({ requestId });
    const address = clientAddress(c.req.header('x-fc-client-ip'));
    c.set('context', {
      requestId,
      log: requestLog,
      // Rarely needed, and not cheap.
      get signal() {
        return c.req.raw.signal;
      },
      ...(address && { address }),
    });
    await next();
    c.header('x-request-id', requestId);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) if (!c.res.headers.has(name)) c.header(name, value);
    requestLog.info('request', {
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      durationMs: Math.round(performance.now() - started),
    });
  };

/** A Hono app with the onion that every web function shares; the function adds its routes. */
export function webApp(log: Log): WebApp {
  const app = new Hono<WebEnvironment>();
  app.use(observe(log));
  app.get('/health/live', (c) => c.json({ data: { live: true } }));
  app.notFound((c) => {
    const answer = errorAnswer(new AppError('not_found'), c.get('context').requestId);
    return c.json(answer.body, 404);
  });
  app.onError((error, c) => {
    const { requestId, log: requestLog } = c.get('context');
    const answer = errorAnswer(error, requestId);
    if (answer.status >= 500) requestLog.error('request failed', describeError(error));
    else requestLog.info('request refused', { code: answer.body.error.code });
    // Not a new response: headers set before (the state of the limits, …) stay on this one.
    return c.json(answer.body, answer.status as ContentfulStatusCode, answer.headers);
  });
  return app;
}

const tooLarge = (limitBytes: number) => new AppError('payload_too_large', { details: { limit_bytes: limitBytes } });

/** The bytes of a body, read within `timeoutMs` and never more than `limitBytes` of them. */
export async function readBytes(request: Request, limitBytes: number, timeoutMs = 5000): Promise<Buffer> {
  if (Number(request.headers.get('content-length') ?? 0) > limitBytes) throw tooLarge(limitBytes);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new AppError('request_timeout')), timeoutMs);
  });
  try {
    // The server reads no more than was announced, so the chunks need no checking.
    if (request.headers.has('content-length')) {
      const bytes = Buffer.from(await Promise.race([request.arrayBuffer(), late]));
      if (bytes.length > limitBytes) throw tooLarge(limitBytes);
      return bytes;
    }
    return await readChunks(request.body, limitBytes, late);
  } finally {
    clearTimeout(timer);
  }
}

async function readChunks(body: Request['body'], limitBytes: number, late: Promise<never>): Promise<Buffer> {
  if (!body) return Buffer.alloc(0);
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) return Buffer.concat(chunks);
      size += value.length;
      if (size > limitBytes) throw tooLarge(limitBytes);
      chunks.push(value);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** A JSON body; a missing or other content type is refused, so that no HTML form can send one. */
export async function readJson(request: Request, limitBytes: number): Promise<unknown> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new AppError('unsupported_media_type');
  const bytes = await readBytes(request, limitBytes);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new AppError('invalid_json', { cause });
  }
}

export interface WebFunction {
  readonly name: string;
  /** Adds the routes. Runs once per cold start. `stopping` fires when the instance is about to end: long-running responses then end. */
  routes(app: WebApp, log: Log, stopping: AbortSignal): void;
  /** Closes pools. */
  close(): Promise<void>;
  readonly credentials?: ReturnType<typeof createCredentials>;
}

/**
 * Starts a web function on the port Function Compute assigns. The server answers requests from the HTTP trigger or a custom domain; the
 * control path `/pre-stop` (a header no client can set) drains the instance.
 */
export function startWebFunction(definition: WebFunction): Server {
  const { port, instanceId } = readConfig([instanceConfig]);
  const log = createLog({ function: definition.name, instance: instanceId });
  const app = webApp(log);
  const stopping = new AbortController();
  definition.routes(app, log, stopping.signal);
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer((request, response) => {
    if (request.headers['x-fc-control-path'] === '/pre-stop') {
      response.end();
      void stop();
      return;
    }
    definition.credentials?.renew((name) => request.headers[name]?.toString());
    void listener(request, response);
  });
  const stop = drainOnStop(server, log, () => definition.close(), stopping);
  useLongLivedConnections(server);
  return server.listen(port, '0.0.0.0');
}
