import type { WebEnvironment } from '@miaobu/shared/runtime/web-function';
import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';

/** The response headers that pages of other origins may read. */
const EXPOSED = [
  'Deprecation',
  'ETag',
  'Idempotency-Replayed',
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Limit',
  'RateLimit-Policy',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'Sunset',
  'X-Request-Id',
];
const ALLOWED = [
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'Last-Event-ID',
  'X-Request-Id',
];
/** The longest that browsers cache a preflight. */
const PREFLIGHT_SECONDS = 7200;

/** Lets pages of exactly these origins use the API, with cookies; to all others it sends no CORS headers. */
export function allowOrigins(origins: readonly string[]): MiddlewareHandler<WebEnvironment> {
  const known = new Set(origins);
  const allow = cors({
    origin: [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: ALLOWED,
    exposeHeaders: EXPOSED,
    credentials: true,
    maxAge: PREFLIGHT_SECONDS,
  });
  return async (c, next) => {
    const origin = c.req.header('origin');
    if (origin !== undefined && known.has(origin)) return allow(c, next);
    await next();
    c.header('vary', 'Origin', { append: true });
  };
}
