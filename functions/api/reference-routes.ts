import { createHash } from 'node:crypto';
import { openapiDocument } from '@miaobu/shared/contracts/openapi';
import { AppError } from '@miaobu/shared/kernel/app-error';
import type { WebApp } from '@miaobu/shared/runtime/web-function';
import { namesEtag } from './etag.ts';
import { referencePolicy, renderReference } from './reference/render-reference.ts';

interface Page {
  readonly type: string;
  readonly text: string;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

const page = (type: string, text: string, headers: Page['headers'] = {}): Page => ({
  type,
  text,
  headers,
  etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`,
});

/** Created by the first request and then cached: it changes only with a release. */
function once<T>(make: () => T): () => T {
  let made: { readonly it: T } | undefined;
  return () => {
    made ??= { it: make() };
    return made.it;
  };
}

/** The public documentation of the API: the OpenAPI document, and the reference page generated from it. */
export function referenceRoutes(app: WebApp): void {
  const pages = {
    '/api/v1/openapi.json': once(async () => page('application/json', JSON.stringify(openapiDocument()))),
    '/api/v1/reference': once(async () =>
      page('text/html; charset=utf-8', await renderReference(openapiDocument()), {
        'content-security-policy': referencePolicy,
        'cross-origin-opener-policy': 'same-origin',
      }),
    ),
  };
  for (const [path, get] of Object.entries(pages)) {
    app.get(path, async (c) => {
      const { type, text, etag, headers } = await get();
      c.header('etag', etag);
      c.header('cache-control', 'public, max-age=300');
      c.header('cross-origin-resource-policy', 'cross-origin');
      if (namesEtag(c.req.header('if-none-match') ?? '', etag)) return c.body(null, 304);
      for (const [name, value] of Object.entries(headers)) c.header(name, value);
      c.header('content-type', type);
      return c.body(text);
    });
    app.all(path, () => {
      throw new AppError('method_not_allowed', { details: { allowed: ['GET'] } });
    });
  }
}
