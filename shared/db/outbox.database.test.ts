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

test('a message is claimed with what was put in, and is done once it is finished', async () => {
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

test('a message exists only if the state that wanted it does', async () => {
  const undone = db.transaction(async (transaction) => {
    await enqueue(transaction, { topic: 'work', lane: 'l', dedupeKey: 'k', payload: {}, requestId: 'r' });
    throw new Error('changed my mind');
  });
  await expect(undone).rejects.toThrow('changed my mind');
  expect(await rows()).toEqual([]);
});

test('nothing of a lane is claimed while one of its messages is under lease; other lanes go on', async () => {
  await put({ dedupeKey: 'first' });
  await put({ dedupeKey: 'second' });
  await put({ dedupeKey: 'elsewhere', lane: 'lane:2' });
  const claimed = await claim();
  expect(claimed.map(({ lane }) => lane).sort()).toEqual(['lane:1', 'lane:2']);
  expect(await claim()).toEqual([]);
  for (const message of claimed) await outbox(db).finish(message);
  expect((await claim()).map(({ lane }) => lane)).toEqual(['lane:1']);
});

test('only the topics asked for are claimed, only as many as asked for, the longest due first', async () => {
  await put({ lane: 'a', delaySeconds: 2 });
  await put({ lane: 'b', delaySeconds: 1 });
  await put({ lane: 'c', topic: 'other' });
  await shiftClock(db, 10);
  expect((await claim(1)).map(({ lane }) => lane)).toEqual(['b']);
  expect((await claim(10)).map(({ lane }) => lane)).toEqual(['a']);
  expect((await claim(10, ['other', 'unheard-of'])).map(({ lane }) => lane)).toEqual(['c']);
});

test('a pending message asked for again is the same message, as whoever wants it soonest asks for it', async () => {
  await put({ delaySeconds: 100 });
  await put({ delaySeconds: 10, requestId: 'request-2' });
  await put({ delaySeconds: 1000, requestId: 'request-3' });
  const [only, ...more] = await rows();
  expect(more).toEqual([]);
  expect(only?.requestId).toBe('request-2');
  expect(only?.dueIn).toBeGreaterThan(0);
  expect(only?.dueIn).toBeLessThanOrEqual(10);
});

test('what is asked for while a worker is at it is done again, because the worker may have read the old state', async () => {
  await put();
  const first = await claimOne();
  await put();
  expect(await states()).toEqual(['leased', 'pending']);
  await outbox(db).finish(first);
  const second = await claimOne();
  expect(second.id).not.toBe(first.id);
  expect(second.leaseToken).toBeGreaterThan(first.leaseToken);
});

test('a failed message is cancelled when a newer one already asks for the same, which takes over its wait and its count', async () => {
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
])('a wait %s is not shortened by asking for the message again', async (_, asked) => {
  await put();
  await outbox(db).fail(await claimOne(), { ...TRANSIENT, ...asked });
  const due = await dueAt();
  await put({ requestId: 'request-2' });
  await put({ requestId: 'request-3', delaySeconds: 0.1 });
  expect(await dueAt()).toEqual(due);
  await shiftClock(db, 600);
  expect(await claimOne()).toMatchObject({ attempts: 2 });
});

test('whoever lost the lease can neither finish nor fail, and loses what it wrote with it', async () => {
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

test('of messages finished together each is told for itself whether its lease still counted', async () => {
  for (const lane of ['a', 'b', 'c']) await put({ lane });
  const messages = await claim();
  const [first] = messages;
  if (!first) throw new Error('nothing was claimed');
  const finishing = outbox(db);
  // The last one has the id of the first, and a lease that never was.
  const results = await Promise.allSettled(
    [...messages, { id: first.id, leaseToken: first.leaseToken + 1000 }].map((message) => finishing.finish(message)),
  );
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
  expect(results[3]).toMatchObject({ reason: { code: 'lease_lost' } });
  expect(await states()).toEqual(['done', 'done', 'done']);
  await expect(finishing.finish(first)).rejects.toMatchObject({ code: 'lease_lost' });
});

test('a lease is reaped when it has run out and not before', async () => {
  await put();
  await claimOne();
  await shiftClock(db, LEASE_SECONDS - 5);
  expect(await outbox(db).reap()).toBe(0);
  expect(await states()).toEqual(['leased']);
  await shiftClock(db, 10);
  expect(await outbox(db).reap()).toBe(1);
  expect(await rows()).toMatchObject([{ state: 'pending', attempts: 1 }]);
  expect(await db.query(sql`select last_error_class, lease_token, lease_until from outbox`)).toEqual([
    { lastErrorClass: 'lease_expired', leaseToken: null, leaseUntil: null },
  ]);
});

test('a failed message waits at least half a second and at most ten minutes, the longer the more often it failed', async () => {
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
    // Jitter over the whole range: 300 samples in one half of it would be a coin that falls on one side 300 times.
    if (attempts > 1) expect([least < ceiling / 2, most > ceiling / 2]).toEqual([true, true]);
  }
});

test('a failed message is tried again as often as it may be, and is then dead with its last error', async () => {
  await put({ maxAttempts: 3 });
  for (const expected of ['pending', 'pending', 'dead']) {
    const message = await claimOne();
    expect(await outbox(db).fail(message, { ...TRANSIENT, message: `try ${message.attempts}` })).toBe(expected);
    expect(await claim()).toEqual([]);
    await shiftClock(db, 600);
  }
  expect(await claim()).toEqual([]);
  expect(await db.query(sql`select state, attempts, last_error, last_error_class from outbox`)).toEqual([
    { state: 'dead', attempts: 3, lastError: 'try 3', lastErrorClass: 'transient' },
  ]);
});

test('an error that no other try can mend is buried at once, and its text is cut', async () => {
  await put();
  const message = await claimOne();
  const failure = { errorClass: 'permanent', message: 'x'.repeat(5000), retry: false };
  expect(await outbox(db).fail(message, failure)).toBe('dead');
  expect(await db.query(sql`select length(last_error) as length from outbox`)).toEqual([{ length: 2000 }]);
});

test('a provider that says how long to wait is obeyed', async () => {
  await put();
  await outbox(db).fail(await claimOne(), { ...TRANSIENT, retryAfterSeconds: 90 });
  await shiftClock(db, 85);
  expect(await claim()).toEqual([]);
  await shiftClock(db, 10);
  expect(await claim()).toHaveLength(1);
});

test('a dead message does not stand in the way of its lane or of a new one like it', async () => {
  await put();
  await outbox(db).fail(await claimOne(), { ...TRANSIENT, retry: false });
  await put();
  expect(await claimOne()).toMatchObject({ attempts: 1 });
  expect(await states()).toEqual(['dead', 'leased']);
});

test('the next due time is told for pending messages of these topics only', async () => {
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

test('the clock moves for every connection at once, and what is stamped follows it', async () => {
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

test('workers on connections of their own never share a lane, and do every message exactly once', async () => {
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
      // From here to `delete` is within the lease, whatever the database does.
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

/** How many rows of the outbox statements have read so far, of those that `connection` has told of, which it does here. */
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
    // More often than Postgres tries plans out before it keeps one.
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
    // Each of the ten is read a few times, and some more are looked at in case lanes repeat.
    expect((await rowsRead(connection)) - before).toBeLessThan(200);
    await db.query(sql`alter table outbox reset (autovacuum_enabled)`);
    await connection.close();
  },
);

test('no second message of a lane can be leased, even past the functions that see to it', async () => {
  await put({ dedupeKey: 'first' });
  await claimOne();
  await put({ dedupeKey: 'second' });
  const forced = db.query(sql`update outbox set state = 'leased' where dedupe_key = 'second'`);
  await expect(forced).rejects.toMatchObject({ code: '23505', constraint: 'outbox_one_lease_per_lane' });
});

test('a lease that ran out never buries a message, however often: its worker has to write what giving it up means', async () => {
  await put({ maxAttempts: 1 });
  for (let n = 1; n <= 8; n++) {
    expect(await claimOne()).toMatchObject({ attempts: n });
    await shiftClock(db, LEASE_SECONDS + 1);
    expect(await outbox(db).reap()).toBe(1);
    // Whatever the backoff was, it is over.
    await shiftClock(db, 600);
  }
  expect(await states()).toEqual(['pending']);
});
