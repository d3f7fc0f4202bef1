import type { GithubState } from './github-state.ts';
import type { Hook, Hooks } from './webhook-hooks.ts';
import { sendWebhook } from './webhook-request.ts';

/** GitHub lists and redelivers what is at most three days old. */
const KEPT_MS = 3 * 24 * 60 * 60_000;
/** GitHub never sends a payload above this. */
const PAYLOAD_LIMIT_BYTES = 25 * 1024 * 1024;

export interface Delivery {
  readonly id: number;
  readonly hookId: number;
  readonly guid: string;
  readonly event: string;
  readonly payload: string;
  readonly redelivery: boolean;
  /** Undefined while it waits; then the fields below are unknown too. */
  readonly deliveredAt: number | undefined;
  readonly durationSeconds: number;
  readonly status: string;
  readonly statusCode: number;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBody: string;
}

export interface WebhookDeliveries {
  /**
   * Queues an event for a hook and returns the delivery's id; undefined when the payload is too large to be sent. May be
   * called inside a transaction: nothing is sent before `wake`.
   */
  queue(hook: Hook, event: string, guid: string, payload: string, redelivery?: boolean): number | undefined;
  /** Starts sending what is queued for a hook: in order, one at a time, each once. */
  wake(hookId: number): void;
  /** Resumes what was queued when the emulator last ended. */
  resume(): void;
  /** Finished deliveries, newest first; `before` is an id to continue below. */
  list(hookId: number, limit: number, before?: number): Delivery[];
  find(hookId: number, id: number): Delivery | undefined;
  /** Resolves when all of these are over, or after `withinMs`, with those that are. */
  settled(ids: readonly number[], withinMs: number): Promise<Delivery[]>;
  /** Aborts attempts in progress; they stay queued. */
  close(): Promise<void>;
}

type Log = (message: string) => void;

export function createWebhookDeliveries(
  state: GithubState,
  hooks: Hooks,
  log: Log,
  now: () => number,
): WebhookDeliveries {
  const { database } = state;
  const ending = new AbortController();
  const working = new Map<number, Promise<void>>();
  const watchers = new Set<() => void>();

  const get = (id: number) => {
    const row = database.prepare('select * from delivery where id = ?').get(id);
    return row && fromRow(row);
  };

  const nextOf = (hookId: number) => {
    const row = database
      .prepare('select * from delivery where hook_id = ? and delivered_at is null order by id limit 1')
      .get(hookId);
    return row && fromRow(row);
  };

  const send = async (hook: Hook, delivery: Delivery) => {
    const startedAt = performance.now();
    const outcome = await sendWebhook({ ...hook, ...delivery }, ending.signal);
    database
      .prepare(
        `update delivery set delivered_at = ?, duration_seconds = ?, status = ?, status_code = ?,
           request_headers = ?, response_headers = ?, response_body = ? where id = ?`,
      )
      .run(
        now(),
        Math.round((performance.now() - startedAt) / 10) / 100,
        outcome.status,
        outcome.statusCode,
        JSON.stringify(outcome.requestHeaders),
        JSON.stringify(outcome.responseHeaders),
        outcome.responseBody,
        delivery.id,
      );
    if (outcome.status !== 'OK') log(`webhook ${hook.id} to ${hook.url}: ${outcome.status} (${delivery.guid})`);
    for (const look of watchers) look();
  };

  const work = async (hookId: number) => {
    for (;;) {
      const delivery = ending.signal.aborted ? undefined : nextOf(hookId);
      if (!delivery) break;
      const row = database.prepare('select repository_id from hook where id = ?').get(hookId);
      const hook = row && hooks.find(Number(row.repository_id), hookId);
      if (!hook) break;
      await send(hook, delivery);
    }
    // No await since the queue was last checked: whoever queues from here on finds no worker and starts one.
    working.delete(hookId);
  };

  const wake = (hookId: number) => {
    if (working.has(hookId) || ending.signal.aborted) return;
    const done = Promise.resolve()
      .then(() => work(hookId))
      .catch((error: unknown) => {
        working.delete(hookId);
        if (!ending.signal.aborted) log(`webhook ${hookId}: ${String(error)}`);
      });
    working.set(hookId, done);
  };

  return {
    wake,
    queue(hook, event, guid, payload, redelivery = false) {
      database.prepare('delete from delivery where delivered_at < ?').run(now() - KEPT_MS);
      const bytes = Buffer.byteLength(payload);
      if (bytes > PAYLOAD_LIMIT_BYTES) {
        log(`webhook ${hook.id}: ${event} of ${bytes} bytes is over GitHub's limit and is not sent`);
        return undefined;
      }
      const result = database
        .prepare(
          'insert into delivery (hook_id, guid, event, payload, redelivery, queued_at) values (?, ?, ?, ?, ?, ?)',
        )
        .run(hook.id, guid, event, payload, redelivery ? 1 : 0, now());
      return Number(result.lastInsertRowid);
    },
    resume() {
      const rows = database.prepare('select distinct hook_id from delivery where delivered_at is null').all();
      for (const row of rows) wake(Number(row.hook_id));
    },
    list: (hookId, limit, before = Number.MAX_SAFE_INTEGER) =>
      database
        .prepare(
          `select * from delivery where hook_id = ? and delivered_at is not null and id < ? order by id desc limit ?`,
        )
        .all(hookId, before, limit)
        .map(fromRow),
    find(hookId, id) {
      const delivery = get(id);
      return delivery?.hookId === hookId && delivery.deliveredAt !== undefined ? delivery : undefined;
    },
    settled(ids, withinMs) {
      return new Promise((resolve) => {
        const over = () => ids.flatMap((id) => get(id) ?? []).filter((delivery) => delivery.deliveredAt !== undefined);
        const finish = () => {
          clearTimeout(timer);
          watchers.delete(look);
          ending.signal.removeEventListener('abort', finish);
          resolve(over());
        };
        const look = () => {
          if (over().length === ids.length) finish();
        };
        const timer = setTimeout(finish, withinMs);
        watchers.add(look);
        ending.signal.addEventListener('abort', finish);
        look();
      });
    },
    async close() {
      ending.abort();
      await Promise.all(working.values());
    },
  };
}

function fromRow(row: Record<string, unknown>): Delivery {
  const headers = (text: unknown) => JSON.parse(String(text ?? '{}')) as Record<string, string>;
  return {
    id: Number(row.id),
    hookId: Number(row.hook_id),
    guid: String(row.guid),
    event: String(row.event),
    payload: String(row.payload),
    redelivery: row.redelivery === 1,
    deliveredAt: row.delivered_at === null ? undefined : Number(row.delivered_at),
    durationSeconds: Number(row.duration_seconds ?? 0),
    status: String(row.status ?? ''),
    statusCode: Number(row.status_code ?? 0),
    requestHeaders: headers(row.request_headers),
    responseHeaders: headers(row.response_headers),
    responseBody: String(row.response_body ?? ''),
  };
}
