import { createHmac, randomUUID } from 'node:crypto';
import type { Sealer } from '@miaobu/shared/kernel/seal';
import type { Store } from '@miaobu/shared/model/repositories';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import { createLog } from '@miaobu/shared/runtime/logger';
import { webApp } from '@miaobu/shared/runtime/web-function';
import type { IntakeTime } from '../../functions/webhook/intake-time.ts';
import type { Receipt } from '../../functions/webhook/receipt.ts';
import { type Deps, receivePush } from '../../functions/webhook/receive-push.ts';
import { webhookRoutes } from '../../functions/webhook/webhook-routes.ts';
import type { ImportedProject } from './import-project.ts';

const NOBODY = '0'.repeat(40);

export interface Push {
  readonly after: string;
  /** Seconds. */
  readonly pushedAt: number;
  readonly before?: string;
  readonly ref?: string;
  readonly repositoryId?: number;
  readonly message?: string;
  /** Account of the author. */
  readonly author?: string;
}

/** A `push` event as GitHub sends it, with some of the many fields that we do not read. */
export function pushEvent({ after, pushedAt, before = NOBODY, ref = 'refs/heads/main', ...more }: Push): object {
  const deleted = after === NOBODY;
  return {
    ref,
    before,
    after,
    created: before === NOBODY,
    deleted,
    forced: false,
    base_ref: null,
    compare: 'https://github.example/you/site/compare',
    commits: [],
    head_commit: deleted
      ? null
      : {
          id: after,
          message: more.message ?? 'Say hello',
          timestamp: '2031-02-03T04:05:06+08:00',
          author: { name: 'You', email: 'you@example.com', username: more.author ?? 'you' },
        },
    repository: {
      id: more.repositoryId ?? 1,
      full_name: 'you/site',
      private: false,
      owner: { login: 'you' },
      pushed_at: pushedAt,
      default_branch: 'main',
    },
    pusher: { name: 'you', email: 'you@example.com' },
    sender: { login: 'you', id: 101 },
  };
}

export const signatureOf = (secret: string, body: string | Uint8Array) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

export interface DeliveryOptions {
  readonly event?: string;
  readonly guid?: string;
  /** Added to, or replacing, the headers that GitHub sends; null leaves one out. */
  readonly headers?: Readonly<Record<string, string | null>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly data?: Receipt;
    readonly error?: { readonly code: string; readonly message: string; readonly details?: unknown };
    readonly request_id?: string;
  };
}

/** `webhook` as its handler assembles it, sent real bytes without a socket. */
export function webhookUnderTest(
  { store, sealer }: { readonly store: Deps['store'] & Pick<Store, 'transaction'>; readonly sealer: Sealer },
  doorbell?: Doorbell,
  // More than in production: a test is about something else, and the machine may be busy.
  time: IntakeTime = { commitMs: 60_000, answerMs: 60_000 },
) {
  const rings: string[] = [];
  const log: string[] = [];
  const recordedBell: Doorbell = { ring: async (requestId) => void rings.push(requestId) };
  const app = webApp(createLog({}, (line) => log.push(line)));
  const receive = receivePush({ store, sealer, doorbell: doorbell ?? recordedBell });
  webhookRoutes(app, { receivePush: receive, time });

  async function send(hook: string, body: BodyInit, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const response = await app.request(`/webhooks/github/${hook}`, {
      method: 'POST',
      headers,
      body,
      ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
  }

  /** Delivers an event to a project's hook, signed with its secret, as GitHub does. */
  function deliver(
    to: Pick<ImportedProject, 'hook' | 'webhookSecret'>,
    event: unknown,
    options: DeliveryOptions = {},
  ): Promise<Answer> {
    const body = typeof event === 'string' ? event : JSON.stringify(event);
    const headers: Record<string, string | null> = {
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/044aadd',
      'x-github-event': options.event ?? 'push',
      'x-github-delivery': options.guid ?? randomUUID(),
      'x-hub-signature-256': signatureOf(to.webhookSecret, body),
      ...options.headers,
    };
    const present = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== null);
    return send(to.hook, body, Object.fromEntries(present));
  }

  return {
    deliver,
    send,
    /** Rings of the doorbell. */
    rings,
    /** What was logged, a line each. */
    log,
  };
}
