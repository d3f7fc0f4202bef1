import { AppError } from '@miaobu/shared/kernel/app-error';
import { readBytes, type WebApp } from '@miaobu/shared/runtime/web-function';
import type { receivePush } from './receive-push.ts';

/** GitHub never delivers a payload above 25 MB. */
const BODY_LIMIT_BYTES = 25 * 1024 * 1024;

/** `POST /webhooks/github/{project}` → 202 with the receipt. */
export function webhookRoutes(app: WebApp, deps: { readonly receivePush: ReturnType<typeof receivePush> }): void {
  app.post('/webhooks/github/:hook', async (c) => {
    const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
    if (type !== 'application/json') throw new AppError('unsupported_media_type');
    const receipt = await deps.receivePush(
      {
        hook: c.req.param('hook'),
        event: c.req.header('x-github-event'),
        deliveryGuid: c.req.header('x-github-delivery'),
        signature: c.req.header('x-hub-signature-256'),
        body: await readBytes(c.req.raw, BODY_LIMIT_BYTES),
      },
      c.get('context'),
    );
    return c.json({ data: receipt }, 202);
  });
}
