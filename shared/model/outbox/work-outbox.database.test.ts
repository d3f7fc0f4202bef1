import type { Topic } from '@miaobu/shared/contracts/messages';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTestStore, prepareSite, type Site, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { enqueue, outbox } from '../../db/outbox.ts';
import { sql } from '../../db/sql.ts';
import { AppError, type AppErrorOptions, type ErrorCode } from '../../kernel/app-error.ts';
import { createLog } from '../../runtime/logger.ts';
import { type Lease, type TopicHandler, workOutbox } from './work-outbox.ts';

let stored: TestStore;
let site: Site;
const logged: string[] = [];

beforeAll(async () => {
  stored = await openTestStore();
});
beforeEach(async () => {
  await stored.empty();
  logged.length = 0;
  site = await prepareSite(stored);
});
afterAll(() => stored.close());

const HOST = 'blog.sites.localhost';
type PurgeHandler = TopicHandler<'cache.purge'>;

const put = (
  message: { lane?: string; dedupeKey?: string; hostname?: string; maxAttempts?: number; topic?: Topic } = {},
) =>
  enqueue(stored.db, {
    topic: message.topic ?? 'cache.purge',
    lane: message.lane ?? 'lane:1',
    dedupeKey: message.dedupeKey ?? message.lane ?? 'lane:1',
    payload: { hostname: message.hostname ?? HOST },
    requestId: 'request-1',
    ...(message.maxAttempts === undefined ? {} : { maxAttempts: message.maxAttempts }),
  });

/** A worker with a numeric clock, which advances instead of sleeping. */
function worker(handler: PurgeHandler, options: { owner?: string; budgetSeconds?: number } = {}) {
  const clock = { ms: 0, slept: [] as number[] };
  const run = () =>
    workOutbox(
      {
        outbox: outbox(stored.db),
        store: stored.store,
        owner: options.owner ?? 'worker',
        monotonicMs: () => clock.ms,
        sleep: async (ms) => {
          clock.slept.push(ms);
          clock.ms += ms;
          await stored.moveClock(ms / 1000);
        },
      },
      { 'cache.purge': handler },
      {
        requestId: 'timer',
        log: createLog({}, (line) => logged.push(line)),
        signal: new AbortController().signal,
      },
      options.budgetSeconds ?? 600,
    );
  return { clock, run };
}

const states = async () => (await stored.messages('cache.purge')).map(({ state }) => state);
const dueInSeconds = async () => {
  const [row] = await stored.db.query<{ seconds: number }>(sql`
    select extract(epoch from run_at - db_now())::double precision as seconds from outbox where state = 'pending'`);
  return row?.seconds ?? Number.NaN;
};
const failing = (code: ErrorCode, options?: AppErrorOptions): PurgeHandler => ({
  work: () => Promise.reject(new AppError(code, options)),
});
/** Something that `abandon` and conclusions can write and a test can read. */
const markSite =
  (sha: string) =>
  (repositories: Parameters<Parameters<typeof stored.store.transaction>[0]>[0]): Promise<void> =>
    repositories.environments.rememberHead(site.environment.id, { sha, pushedAt: 1 });
const mark = async () => (await stored.environment(site.environment.id)).headSha;

describe('work', () => {
  test('commits its conclusion with the end of its message, under the message’s own request id', async () => {
    await put();
    const seen: unknown[] = [];
    const { run } = worker({
      async work(payload, _, { requestId }) {
        seen.push([payload, requestId]);
        return markSite('done');
      },
    });
    expect(await run()).toBe(1);
    expect(seen).toEqual([[{ hostname: HOST }, 'request-1']]);
    expect([await states(), await mark()]).toEqual([['done'], 'done']);
  });

  test('whose conclusion fails leaves nothing written, and is retried', async () => {
    await put();
    let tries = 0;
    const { run } = worker({
      async work() {
        tries += 1;
        return async (repositories) => {
          await markSite(`try ${tries}`)(repositories);
          if (tries === 1) throw new Error('the conclusion broke');
        };
      },
    });
    expect(await run()).toBe(1);
    expect([await states(), await mark()]).toEqual([['done'], 'try 2']);
  });

  test('of one lane never runs twice concurrently, in one worker or several', async () => {
    for (let n = 0; n < 6; n++) await put({ lane: `lane:${n % 2}`, dedupeKey: `message:${n}`, hostname: `${n % 2}` });
    const running = new Map<string, number>();
    let most = 0;
    const handler: PurgeHandler = {
      async work({ hostname }) {
        running.set(hostname, (running.get(hostname) ?? 0) + 1);
        most = Math.max(most, running.get(hostname) ?? 0);
        await stored.db.query(sql`select pg_sleep(0.01)`);
        running.set(hostname, (running.get(hostname) ?? 0) - 1);
        return undefined;
      },
    };
    const workers = ['a', 'b', 'c'].map((owner) => worker(handler, { owner }));
    const done = await Promise.all(workers.map(({ run }) => run()));
    expect(done.reduce((sum, n) => sum + n)).toBe(6);
    expect(most).toBe(1);
    expect(new Set(await states())).toEqual(new Set(['done']));
  });

  test('of topics that the worker does not handle is left alone', async () => {
    await put({ topic: 'route.publish' });
    expect(await worker({ work: async () => undefined }).run()).toBe(0);
    expect(await stored.messages()).toMatchObject([{ topic: 'route.publish', state: 'pending' }]);
  });
});

describe('a lease', () => {
  test('is trusted for 90 s from before its claim, and no external call starts after that', async () => {
    await put();
    const checks: string[] = [];
    const { clock, run } = worker(
      {
        async work(_, lease) {
          for (const ms of [0, 90_000, 90_001]) {
            clock.ms = ms;
            lease.assertTrusted();
            checks.push(`trusted at ${ms}`);
          }
          return undefined;
        },
      },
      { budgetSeconds: 90 },
    );
    expect(await run()).toBe(0);
    expect(checks).toEqual(['trusted at 0', 'trusted at 90000']);
    expect(await stored.messages()).toMatchObject([{ state: 'leased', attempts: 1, lastError: null }]);
  });

  test('that was lost lets its former holder write nothing: neither the conclusion nor that it gave up', async () => {
    for (const ending of ['conclusion', 'abandon'] as const) {
      await stored.empty();
      site = await prepareSite(stored);
      await put({ maxAttempts: 5 });
      const { run } = worker({
        async work() {
          // The worker stalls; its lease expires, and another takes over.
          await stored.moveClock(121);
          await outbox(stored.db).reap();
          await stored.moveClock(60);
          await worker({ work: async () => markSite('the other') }, { owner: 'other' }).run();
          if (ending === 'abandon') throw new AppError('artifact_invalid');
          return markSite('the late one');
        },
        abandon: () => markSite('given up'),
      });
      expect(await run()).toBe(0);
      expect([await states(), await mark()]).toEqual([['done'], 'the other']);
      expect(logged.join()).toContain('the lease was lost');
    }
  });

  test('that expired gives the message to the next worker, with a larger fencing token', async () => {
    await put();
    const leases: Lease[] = [];
    const vanishing = worker({
      async work(_, lease) {
        leases.push(lease);
        throw new AppError('lease_lost');
      },
    });
    await vanishing.run();
    await stored.moveClock(121);
    expect(await outbox(stored.db).reap()).toBe(1);
    const next = worker({
      async work(_, lease) {
        leases.push(lease);
        return undefined;
      },
    });
    expect(await next.run()).toBe(1);
    expect(leases[1]?.token).toBeGreaterThan(leases[0]?.token ?? Number.NaN);
    expect(await stored.messages()).toMatchObject([{ state: 'done', attempts: 2 }]);
  });
});

describe('a failure', () => {
  test('that may pass is retried until the last try is given up', async () => {
    await put({ maxAttempts: 3 });
    let tries = 0;
    const { run } = worker({
      work: () => {
        tries += 1;
        return Promise.reject(new AppError('edge_unavailable', { message: 'no answer' }));
      },
      abandon: (_, error) => markSite(error.code),
    });
    await run();
    expect([tries, await mark()]).toEqual([3, 'edge_unavailable']);
    expect(await stored.messages('cache.purge')).toMatchObject([
      { state: 'dead', attempts: 3, lastError: 'edge_unavailable: no answer' },
    ]);
  });

  test('that is permanent is given up at once, and both are written together', async () => {
    await put();
    await worker({ ...failing('vendor_rejected'), abandon: (_, error) => markSite(error.code) }).run();
    expect([await states(), await mark()]).toEqual([['dead'], 'vendor_rejected']);
  });

  test('of a droppable message ends it silently', async () => {
    await put();
    await worker({ ...failing('vendor_rejected'), droppable: true }).run();
    expect(await stored.messages()).toMatchObject([{ topic: 'cache.purge', state: 'done' }]);
  });

  test('of the worker itself, repeatedly, ends in giving up, a dead letter and an alert', async () => {
    await put({ maxAttempts: 2 });
    let tries = 0;
    const vanishing: PurgeHandler = {
      work() {
        tries += 1;
        // What a dying worker leaves behind: a lease that nobody ends.
        return Promise.reject(new AppError('lease_lost'));
      },
      abandon: (_, error) => markSite(error.code),
    };
    const { run } = worker(vanishing);
    for (let n = 0; n < 10; n++) {
      await run();
      await stored.moveClock(121);
      await outbox(stored.db).reap();
      await stored.moveClock(600);
    }
    expect([tries, await mark()]).toEqual([5, 'internal']);
    expect(await stored.messages()).toMatchObject([
      { topic: 'cache.purge', state: 'dead', attempts: 6, lastError: 'the worker vanished' },
      { topic: 'alert.send', state: 'pending' },
    ]);
  });

  test('whose consequence cannot be written does not bury the message without it', async () => {
    await put();
    const handler = failing('vendor_rejected');
    await worker({ ...handler, abandon: () => () => Promise.reject(new Error('refused')) }).run();
    expect(await states()).toEqual(['leased']);
    expect(logged.join()).toContain('message could not be given back');
  });

  test.each<[string, AppErrorOptions, number, number]>([
    ['without a time', {}, 59, 91],
    ['with a shorter time', { details: { retryAfterSeconds: 5 } }, 59, 91],
    ['with a longer time', { details: { retryAfterSeconds: 300 } }, 299, 451],
  ])(
    'that asks to slow down %s waits as long, at least a minute, and at most half of it more',
    async (_, options, least, most) => {
      for (const code of ['vendor_throttled', 'code_host_throttled'] as const) {
        await stored.empty();
        await put();
        await worker(failing(code, options)).run();
        expect(await states()).toEqual(['pending']);
        expect(await dueInSeconds()).toBeGreaterThan(least);
        expect(await dueInSeconds()).toBeLessThan(most);
      }
    },
  );

  test('of an outage that states a time waits as long', async () => {
    await put();
    await worker(failing('edge_unavailable', { details: { retryAfterSeconds: 40 } })).run();
    expect(await states()).toEqual(['pending']);
    expect(await dueInSeconds()).toBeGreaterThan(39);
    expect(await dueInSeconds()).toBeLessThan(61);
  });

  test('of the platform’s own access alerts the operator at once, of droppable work too, and once for each refusal', async () => {
    const refusal = (what: string): AppErrorOptions => ({ message: what, remedy: 'Mend it.' });
    const handlers = [
      failing('platform_misconfigured', refusal('no permission')),
      { ...failing('platform_misconfigured', refusal('no permission')), droppable: true as const },
      failing('platform_misconfigured', refusal('no key')),
    ];
    for (const [n, handler] of handlers.entries()) {
      await put({ lane: `lane:${n}` });
      await worker(handler, { budgetSeconds: 1 }).run();
    }
    const raised = await stored.db.query(
      sql`select action, subject, details ->> 'remedy' as remedy from audit_log order by id`,
    );
    expect(raised).toEqual([
      { action: 'access.refused', subject: 'no permission', remedy: 'Mend it.' },
      { action: 'access.refused', subject: 'no key', remedy: 'Mend it.' },
    ]);
    expect(await stored.messages('alert.send')).toHaveLength(2);
  });

  test('gives way to a newer message with the same key', async () => {
    await put();
    let tries = 0;
    const { run } = worker({
      async work() {
        tries += 1;
        if (tries > 1) return undefined;
        await put();
        throw new AppError('edge_unavailable');
      },
    });
    await run();
    expect([tries, await states()]).toEqual([2, ['cancelled', 'done']]);
  });

  test('of one message does not block another', async () => {
    await put({ lane: 'lane:1', hostname: 'broken' });
    await put({ lane: 'lane:2', hostname: 'good' });
    const handler: PurgeHandler = {
      work: async ({ hostname }) => {
        if (hostname === 'broken') throw new TypeError('a bug');
        return undefined;
      },
    };
    expect(await worker(handler, { budgetSeconds: 1 }).run()).toBe(1);
    expect((await stored.messages()).map(({ state }) => state)).toContain('done');
  });

  test('of a malformed payload is final, and the handler is not called', async () => {
    await stored.db.query(sql`
      insert into outbox (topic, lane, dedupe_key, payload, request_id)
      values ('cache.purge', 'lane:1', 'malformed', '{"host": 1}'::jsonb, 'request-1')`);
    await put({ lane: 'lane:2' });
    let worked = 0;
    const handler: PurgeHandler = {
      async work() {
        worked += 1;
        return undefined;
      },
      abandon: () => markSite('given up'),
    };
    expect(await worker(handler).run()).toBe(1);
    expect([worked, await states(), await mark()]).toEqual([1, ['dead', 'done'], null]);
  });
});

describe('a worker without work', () => {
  test('waits for messages due within five seconds', async () => {
    await enqueue(stored.db, {
      topic: 'cache.purge',
      lane: 'lane:1',
      dedupeKey: 'soon',
      payload: { hostname: HOST },
      requestId: 'request-1',
      delaySeconds: 4,
    });
    const { clock, run } = worker({ work: async () => undefined });
    expect(await run()).toBe(1);
    expect(clock.slept).not.toEqual([]);
  });

  test('leaves later messages to the next timer', async () => {
    await enqueue(stored.db, {
      topic: 'cache.purge',
      lane: 'lane:1',
      dedupeKey: 'later',
      payload: { hostname: HOST },
      requestId: 'request-1',
      delaySeconds: 30,
    });
    const { clock, run } = worker({ work: async () => undefined });
    expect([await run(), clock.slept]).toEqual([0, []]);
  });

  test('does not wait long for a lane that another holds', async () => {
    await put({ dedupeKey: 'held' });
    await outbox(stored.db).claim('other', ['cache.purge'], 1, 120);
    await put({ dedupeKey: 'waiting' });
    const { clock, run } = worker({ work: async () => undefined });
    expect(await run()).toBe(0);
    expect(clock.ms).toBeLessThan(6000);
    expect(await states()).toEqual(['leased', 'pending']);
  });

  test('stops at the end of its time, and starts nothing after it', async () => {
    await put();
    expect(await worker({ work: async () => undefined }, { budgetSeconds: 0 }).run()).toBe(0);
    expect(await states()).toEqual(['pending']);
  });
});
