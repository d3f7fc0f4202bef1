import { AppError } from '@miaobu/shared/kernel/app-error';
import { readBytes, type WebApp } from '@miaobu/shared/runtime/web-function';
import { INTAKE_TIME, type IntakeTime, withinIntakeTime } from './intake-time.ts';
import type { receivePush } from './receive-push.ts';

/** GitHub never delivers a payload above 25 MB. */
const BODY_LIMIT_BYTES = 25 * 1024 * 1024;

export interface Deps {
  readonly receivePush: ReturnType<typeof receivePush>;
  readonly time?: IntakeTime;
}

/** `POST /webhooks/github/{project}` → 202 with the receipt; 503 for what is not committed in time. */
export function webhookRoutes(app: WebApp, { receivePush, time = INTAKE_TIME }: Deps): void {
  app.post('/webhooks/github/:hook', async (c) => {
    const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
    if (type !== 'application/json') throw new AppError('unsupported_media_type');
    const receipt = await withinIntakeTime(time, async (commitBy) => {
      const delivery = {
        hook: c.req.param('hook'),
        event: c.req.header('x-github-event'),
        deliveryGuid: c.req.header('x-github-delivery'),
        signature: c.req.header('x-hub-signature-256'),
        body: await readBytes(c.req.raw, BODY_LIMIT_BYTES),
      };
      return receivePush(delivery, c.get('context'), commitBy);
    });
    return c.json({ data: receipt }, 202);
  });
}
