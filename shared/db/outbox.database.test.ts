import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { shiftClock } from '../../tests/database/shift-clock.ts';
import { type TestDatabase, testDatabase } from '../../tests/database/test-database.ts';
import { type Database, openDatabase } from './database.ts';
import { enqueue, finishMessage, type LeasedMessage, type OutboxMessage, outbox } from './outbox.ts';
import { sql } from './sql.ts';

let own: TestDatabase;
let db: Database;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase({ url: own.url, poolSize: 3 });
});
beforeEach(async () => {
  await db.query(sql`truncate outbox, clock_shift`);
});
afterAll(async () => {
  await db.close();
  await own.close();
});

const LEASE_SECONDS = 60;
const TRANSIENT = { errorClass: 'transient', message: 'try again', retry: true };

const put = (message: Partial<OutboxMessage> = {}) =>
  enqueue(db, {
    topic: 'work',
    lane: 'lane:1',
    dedupeKey: `work:${message.lane ?? 'lane:1'}`,
    payload: {},
    requestId: 'request-1',
    ...message,
  });
const claim = (limit = 10, topics: readonly string[] = ['work']) =>
  outbox(db).claim('worker', topics, limit, LEASE_SECONDS);
async function claimOne(): Promise<LeasedMessage> {
  const [message, ...more] = await claim();
  if (!message || more.length > 0) throw new Error('there is not exactly one message to claim');
  return message;
}
const rows = () =>
  db.query<{ dedupeKey: string; state: string; attempts: number; requestId: string; dueIn: number }>(sql`
    select dedupe_key, state, attempts, request_id, extract(epoch from run_at - db_now())::double precision as due_in
      from outbox order by id`);
/** When the only message is due. */
const dueAt = async () => (await db.query<{ runAt: Date }>(sql`select run_at from outbox`))[0]?.runAt;
const states = async () => (await rows()).map(({ state }) => state);

test('a claimed message carries what was enqueued, and is done once it is finished', async () => {
  await put({ payload: { deployment_id: 'd', n: 3 }, maxAttempts: 5 });
  const message = await claimOne();
  expect(message).toMatchObject({
    topic: 'work',
    lane: 'lane:1',
    payload: { deployment_id: 'd', n: 3 },
    requestId: 'request-1',
    attempts: 1,
    maxAttempts: 5,
  });
  await outbox(db).finish(message);
  expect(await states()).toEqual(['done']);
  expect(await claim()).toEqual([]);
});

test('a message exists only if the transaction that enqueued it commits', async () => {
  const undone = db.transaction(async (transaction) => {
    await enqueue(transaction, { topic: 'work', lane: 'l', dedupeKey: 'k', payload: {}, requestId: 'r' });
    throw new Error('changed my mind');
  });
  await expect(undone).rejects.toThrow('changed my mind');
  expect(await rows()).toEqual([]);
});

test('a lane with a leased message is not claimed; other lanes are unaffected', async () => {
  await put({ dedupeKey: 'first' });
  await put({ dedupeKey: 'second' });
  await put({ dedupeKey: 'elsewhere', lane: 'lane:2' });
  const claimed = await claim();
  expect(claimed.map(({ lane }) => lane).sort()).toEqual(['lane:1', 'lane:2']);
  expect(await claim()).toEqual([]);
  for (const message of claimed) await outbox(db).finish(message);
  expect((await claim()).map(({ lane }) => lane)).toEqual(['lane:1']);
});

test('claims return only the requested topics, at most the requested number, longest due first', async () => {
  await put({ lane: 'a', delaySeconds: 2 });
  await put({ lane: 'b', delaySeconds: 1 });
  await put({ lane: 'c', topic: 'other' });
  await shiftClock(db, 10);
  expect((await claim(1)).map(({ lane }) => lane)).toEqual(['b']);
  expect((await claim(10)).map(({ lane }) => lane)).toEqual(['a']);
  expect((await claim(10, ['other', 'unheard-of'])).map(({ lane }) => lane)).toEqual(['c']);
});

test('enqueueing a pending message again is deduplicated, and the earliest due time wins', async () => {
  await put({ delaySeconds: 100 });
  await put({ delaySeconds: 10, requestId: 'request-2' });
  await put({ delaySeconds: 1000, requestId: 'request-3' });
  const [only, ...more] = await rows();
  expect(more).toEqual([]);
  expect(only?.requestId).toBe('request-2');
  expect(only?.dueIn).toBeGreaterThan(0);
  expect(only?.dueIn).toBeLessThanOrEqual(10);
});

test('a message enqueued while its predecessor is being handled runs again, because the worker may have read stale state', async () => {
  await put();
  const first = await claimOne();
  await put();
  expect(await states()).toEqual(['leased', 'pending']);
  await outbox(db).finish(first);
  const second = await claimOne();
  expect(second.id).not.toBe(first.id);
  expect(second.leaseToken).toBeGreaterThan(first.leaseToken);
});

test('a failed message is cancelled when a newer one with its key is pending, which takes over its backoff and its attempts', async () => {
  await put();
  const first = await claimOne();
  await put();
  expect(await outbox(db).fail(first, { ...TRANSIENT, retryAfterSeconds: 300 })).toBe('cancelled');
  expect(await rows()).toMatchObject([
    { state: 'cancelled', attempts: 1 },
    { state: 'pending', attempts: 1 },
  ]);
  await shiftClock(db, 295);
  expect(await claim()).toEqual([]);
  await shiftClock(db, 305);
  expect(await claimOne()).toMatchObject({ attempts: 2 });
});

test.each([
  ['that a provider asked for', { retryAfterSeconds: 300 }],
  ['of our own', {}],
])('a wait %s is not shortened by enqueueing the message again', async (_, asked) => {
  await put();
  await outbox(db).fail(await claimOne(), { ...TRANSIENT, ...asked });
  const due = await dueAt();
  await put({ requestId: 'request-2' });
  await put({ requestId: 'request-3', delaySeconds: 0.1 });
  expect(await dueAt()).toEqual(due);
  await shiftClock(db, 600);
  expect(await claimOne()).toMatchObject({ attempts: 2 });
});

test('the holder of a lost lease can neither finish nor fail the message, and its writes are rolled back', async () => {
  await put();
  const stale = await claimOne();
  await shiftClock(db, LEASE_SECONDS + 1);
  expect(await outbox(db).reap()).toBe(1);
  await shiftClock(db, 600);
  const current = await claimOne();
  expect(current).toMatchObject({ id: stale.id, attempts: 2 });
  expect(current.leaseToken).toBeGreaterThan(stale.leaseToken);

  await expect(outbox(db).finish(stale)).rejects.toMatchObject({ code: 'lease_lost' });
  expect(await outbox(db).fail(stale, { ...TRANSIENT, retry: false })).toBeUndefined();
  const effects = db.transaction(async (transaction) => {
    await transaction.query(sql`insert into platform_secrets (name, sealed) values ('effect', 'of the stale worker')`);
    await finishMessage(transaction, stale);
  });
  await expect(effects).rejects.toMatchObject({ code: 'lease_lost' });
  expect(await db.query(sql`select name from platform_secrets`)).toEqual([]);
  expect(await states()).toEqual(['leased']);

  await outbox(db).finish(current);
  await expect(outbox(db).finish(current)).rejects.toMatchObject({ code: 'lease_lost' });
});

test('when messages are finished together, each caller learns whether its own lease was still valid', async () => {
  for (const lane of ['a', 'b', 'c']) await put({ lane });
  const messages = await claim();
  const [first] = messages;
  if (!first) throw new Error('nothing was claimed');
  const finishing = outbox(db);
  // The last one combines the first one's id with a lease token that was never issued.
  const results = await Promise.allSettled(
    [...messages, { id: first.id, leaseToken: first.leaseToken + 1000 }].map((message) => finishing.finish(message)),
  );
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
  expect(results[3]).toMatchObject({ reason: { code: 'lease_lost' } });
  expect(await states()).toEqual(['done', 'done', 'done']);
  await expect(finishing.finish(first)).rejects.toMatchObject({ code: 'lease_lost' });
});

test('a lease is reaped once it has expired and not before', async () => {
  await put();
  await claimOne();
  await shiftClock(db, LEASE_SECONDS / 2);
  expect(await outbox(db).reap()).toBe(0);
  expect(await states()).toEqual(['leased']);
  await shiftClock(db, LEASE_SECONDS / 2);
  expect(await outbox(db).reap()).toBe(1);
  expect(await rows()).toMatchObject([{ state: 'pending', attempts: 1 }]);
  expect(await db.query(sql`select last_error_class, lease_token, lease_until from outbox`)).toEqual([
    { lastErrorClass: 'lease_expired', leaseToken: null, leaseUntil: null },
  ]);
});

test('a failed message backs off for between half a second and ten minutes, longer with each failure', async () => {
  const waits = await db.query<{ attempts: number; least: number; most: number }>(sql`
    select attempts, min(extract(epoch from wait))::double precision as least,
           max(extract(epoch from wait))::double precision as most
      from (select attempts, outbox_backoff(attempts) as wait
              from generate_series(1, 40) as attempts, generate_series(1, 300)) as samples
     group by attempts order by attempts`);
  expect(waits).toHaveLength(40);
  for (const { attempts, least, most } of waits) {
    const ceiling = Math.min(600, 2 ** attempts);
    expect(least).toBeGreaterThanOrEqual(0.5);
    expect(most).toBeLessThanOrEqual(ceiling);
    // Full jitter: 300 samples all in one half is as likely as a coin falling on one side 300 times.
    if (attempts > 1) expect([least < ceiling / 2, most > ceiling / 2]).toEqual([true, true]);
  }
});

test('a failed message is retried up to its limit, and is then dead with its last error', async () => {
  await put({ maxAttempts: 3 });
  for (const expected of ['pending', 'pending', 'dead']) {
    const message = await claimOne();
    const [before] = await db.query<{ failing: Date }>(sql`select db_now() as failing`);
    expect(await outbox(db).fail(message, { ...TRANSIENT, message: `try ${message.attempts}` })).toBe(expected);
    // At least half a second after the failure.
    if (expected === 'pending')
      expect((await dueAt())?.getTime()).toBeGreaterThanOrEqual((before?.failing.getTime() ?? 0) + 500);
    await shiftClock(db, 600);
  }
  expect(await claim()).toEqual([]);
  expect(await db.query(sql`select state, attempts, last_error, last_error_class from outbox`)).toEqual([
    { state: 'dead', attempts: 3, lastError: 'try 3', lastErrorClass: 'transient' },
  ]);
});

test('a permanent error buries the message at once, and its text is truncated', async () => {
  await put();
  const message = await claimOne();
  const failure = { errorClass: 'permanent', message: 'x'.repeat(5000), retry: false };
  expect(await outbox(db).fail(message, failure)).toBe('dead');
  expect(await db.query(sql`select length(last_error) as length from outbox`)).toEqual([{ length: 2000 }]);
});

test('messages that a provider asked to wait return after that, each at a time of its own, and at most half as long later', async () => {
  const lanes = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  for (const lane of lanes) await put({ lane, dedupeKey: lane });
  for (const message of await claim(lanes.length)) {
    await outbox(db).fail(message, { ...TRANSIENT, retryAfterSeconds: 3600 });
  }
  const due = await db.query<{ seconds: number }>(
    sql`select extract(epoch from run_at - db_now())::double precision as seconds from outbox`,
  );
  const seconds = due.map((row) => row.seconds);
  expect(Math.min(...seconds)).toBeGreaterThan(3590);
  // Of a long wait five minutes are enough to spread over.
  expect(Math.max(...seconds)).toBeLessThan(3901);
  expect(new Set(seconds.map(Math.round)).size).toBeGreaterThan(1);
});

test('a shorter wait than the backoff does not shorten it', async () => {
  await put();
  await db.query(sql`update outbox set attempts = 100`);
  const message = await claimOne();
  await outbox(db).fail(message, { ...TRANSIENT, retryAfterSeconds: 0.001 });
  const [row] = await db.query<{ isLater: boolean }>(
    sql`select run_at > db_now() + interval '0.4 seconds' as is_later from outbox`,
  );
  expect(row).toEqual({ isLater: true });
});

test('a dead message blocks neither its lane nor a new message with its key', async () => {
  await put();
  await outbox(db).fail(await claimOne(), { ...TRANSIENT, retry: false });
  await put();
  expect(await claimOne()).toMatchObject({ attempts: 1 });
  expect(await states()).toEqual(['dead', 'leased']);
});

test('the next due time counts only pending messages of the requested topics', async () => {
  expect(await outbox(db).nextDueSeconds(['work'])).toBeUndefined();
  await put({ delaySeconds: 30 });
  await put({ topic: 'other', lane: 'lane:2' });
  const seconds = await outbox(db).nextDueSeconds(['work']);
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(30);
  expect(await outbox(db).nextDueSeconds(['work', 'other'])).toBe(0);
  await shiftClock(db, 31);
  expect(await outbox(db).nextDueSeconds(['work'])).toBe(0);
});

test('the clock shifts for every connection at once, and timestamps follow it', async () => {
  const another = openDatabase({ url: own.url, poolSize: 1 });
  const ahead = sql`select round(extract(epoch from db_now() - now()))::int as seconds`;
  expect(await another.query(ahead)).toEqual([{ seconds: 0 }]);
  await shiftClock(db, 3600);
  expect(await another.query(ahead)).toEqual([{ seconds: 3600 }]);
  await put();
  expect(
    await another.query(sql`select round(extract(epoch from created_at - now()) / 60)::int as minutes from outbox`),
  ).toEqual([{ minutes: 60 }]);
  await another.close();
});

test('workers on separate connections never share a lane, and handle every message exactly once', async () => {
  const LANES = 7;
  const MESSAGES = 140;
  for (let i = 0; i < MESSAGES; i++) await put({ lane: `lane:${i % LANES}`, dedupeKey: `${i}`, payload: { i } });

  const held = new Map<string, string>();
  const done: number[] = [];
  const tokens: number[] = [];
  const worker = async (name: string) => {
    const connection = openDatabase({ url: own.url, poolSize: 1 });
    const queue = outbox(connection);
    const work = async (message: LeasedMessage) => {
      // From here to `delete` the lease is held, whatever the database does.
      if (held.has(message.lane)) throw new Error(`${name} and ${held.get(message.lane)} share ${message.lane}`);
      held.set(message.lane, name);
      tokens.push(message.leaseToken);
      await connection.query(sql`select 1`);
      held.delete(message.lane);
      await queue.finish(message);
      done.push(Number(message.payload.i));
    };
    while (done.length < MESSAGES) {
      const messages = await queue.claim(name, ['work'], 3, LEASE_SECONDS);
      await Promise.all(messages.map(work));
    }
    await connection.close();
  };
  await Promise.all(['one', 'two', 'three', 'four', 'five', 'six'].map(worker));

  expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: MESSAGES }, (_, i) => i));
  expect(new Set(tokens).size).toBe(MESSAGES);
});

/** How many outbox rows statements have read so far, counting those `connection` has reported, which this forces it to do. */
async function rowsRead(connection: Database): Promise<number> {
  await connection.query(sql`select pg_stat_force_next_flush()`);
  const [row] = await db.query<{ rows: number }>(sql`
    select seq_tup_read + idx_tup_fetch as rows from pg_stat_user_tables where relname = 'outbox'`);
  return row?.rows ?? 0;
}

test.each([
  ['new', sql`select 1`],
  ['empty', sql`analyze outbox`],
])(
  'connections that planned while the outbox was %s claim and finish without reading all of it',
  async (_, prepare) => {
    const connection = openDatabase({ url: own.url, poolSize: 1 });
    const queue = outbox(connection);
    await db.query(sql`alter table outbox set (autovacuum_enabled = false)`);
    await db.query(prepare);
    // More often than Postgres tries custom plans before it keeps a generic one.
    for (let i = 0; i < 8; i++) {
      await put({ dedupeKey: `early:${i}` });
      const [early] = await queue.claim('worker', ['work'], 10, LEASE_SECONDS);
      if (early) await queue.finish(early);
    }
    await db.query(sql`
    insert into outbox (topic, lane, dedupe_key, request_id, state)
    select 'work', 'lane:' || n, 'work:' || n, 'request', case when n % 2 = 0 then 'pending' else 'done' end
      from generate_series(1, 20000) n`);
    const before = await rowsRead(connection);
    const messages = await queue.claim('worker', ['work'], 10, LEASE_SECONDS);
    expect(messages).toHaveLength(10);
    await Promise.all(messages.map((message) => queue.finish(message)));
    // Each of the ten is read a few times, plus a few more in case lanes repeat.
    expect((await rowsRead(connection)) - before).toBeLessThan(200);
    await db.query(sql`alter table outbox reset (autovacuum_enabled)`);
    await connection.close();
  },
);

test('two messages of a lane cannot be leased at once, even bypassing the functions that prevent it', async () => {
  await put({ dedupeKey: 'first' });
  await claimOne();
  await put({ dedupeKey: 'second' });
  const forced = db.query(sql`update outbox set state = 'leased' where dedupe_key = 'second'`);
  await expect(forced).rejects.toMatchObject({ code: '23505', constraint: 'outbox_one_lease_per_lane' });
});

test('an expired lease never buries a message, however often: giving up is for its worker, which must record what that means', async () => {
  await put({ maxAttempts: 1 });
  for (let n = 1; n <= 8; n++) {
    expect(await claimOne()).toMatchObject({ attempts: n });
    await shiftClock(db, LEASE_SECONDS + 1);
    expect(await outbox(db).reap()).toBe(1);
    // Past any backoff.
    await shiftClock(db, 600);
  }
  expect(await states()).toEqual(['pending']);
});
