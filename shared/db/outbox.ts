import { AppError } from '../kernel/app-error.ts';
import type { Database, Queryable } from './database.ts';
import { type Sql, sql } from './sql.ts';

/** A side effect to perform, committed together with the state that requires it. */
export interface OutboxMessage {
  readonly topic: string;
  /** At most one message of a lane is handled at a time, e.g. `environment:{id}`. */
  readonly lane: string;
  /** At most one message with this key is pending. */
  readonly dedupeKey: string;
  /** Ids only: the handler reads the current desired state. */
  readonly payload: Readonly<Record<string, string | number | undefined>>;
  readonly requestId: string;
  readonly delaySeconds?: number;
  readonly maxAttempts?: number;
}

/** A leased message. `leaseToken` is a fencing token: the holder of a smaller one has lost the lease. */
export interface LeasedMessage {
  readonly id: string;
  readonly topic: string;
  readonly lane: string;
  readonly payload: Readonly<Record<string, string | number>>;
  readonly requestId: string;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly leaseToken: number;
}

/** What identifies a held lease. */
export type Lease = Pick<LeasedMessage, 'id' | 'leaseToken'>;

export type OutboxState = 'pending' | 'leased' | 'done' | 'dead' | 'cancelled';

/** Due messages that nobody is handling. */
export interface Backlog {
  readonly count: number;
  readonly oldestSeconds: number;
  readonly oldestTopic: string;
}

/** A lease that ran out and has not been taken back yet. */
export interface ExpiredLease {
  readonly messageId: string;
  readonly topic: string;
  readonly attempts: number;
  /** How long ago it ran out. */
  readonly lateSeconds: number;
  /** The lease before it had run out, too. */
  readonly isRepeated: boolean;
}

export interface Failure {
  /** `transient`, `throttled`, `permanent`, … for the dead-letter page. */
  readonly errorClass: string;
  readonly message: string;
  readonly retry: boolean;
  /** The least wait that the provider asked for. */
  readonly retryAfterSeconds?: number;
}

/** Messages as the JSON that `insertingMessages` reads. */
export const messagesJson = (messages: readonly OutboxMessage[]): string =>
  JSON.stringify(
    messages.map((message) => ({
      topic: message.topic,
      lane: message.lane,
      dedupe_key: message.dedupeKey,
      payload: message.payload,
      request_id: message.requestId,
      delay_seconds: message.delaySeconds ?? 0,
      max_attempts: message.maxAttempts ?? 12,
    })),
  );

/**
 * The statement that enqueues messages, for use inside a larger one. `json` is the result of `messagesJson`, or an expression over
 * `rows`, relations of the larger statement; then the messages of every row are enqueued.
 */
export function insertingMessages(json: Sql, rows?: Sql): Sql {
  // One insert must not hit the same key twice, so of duplicates the one due first wins. A message due no earlier than the
  // pending one changes nothing but locks it until the commit, so that its handler sees what this transaction did. The
  // backoff after a failure is never shortened.
  return sql`
    insert into outbox (topic, lane, dedupe_key, payload, request_id, run_at, max_attempts)
    select distinct on (message.dedupe_key) message.topic, message.lane, message.dedupe_key, message.payload, message.request_id,
           db_now() + make_interval(secs => message.delay_seconds), message.max_attempts
      from ${rows ? sql`${rows} cross join lateral` : sql``} jsonb_to_recordset(${json}::jsonb) as message (
             topic text, lane text, dedupe_key text, payload jsonb, request_id text, delay_seconds double precision,
             max_attempts integer)
     order by message.dedupe_key, message.delay_seconds
    on conflict (dedupe_key) where state = 'pending'
    do update set run_at = greatest(excluded.run_at, outbox.not_before), request_id = excluded.request_id
     where greatest(excluded.run_at, outbox.not_before) < outbox.run_at`;
}

/** Enqueues messages, within a transaction if `db` is one (which does not wait for it). */
export async function enqueue(db: Queryable, ...messages: readonly OutboxMessage[]): Promise<void> {
  if (messages.length > 0) await db.execute(insertingMessages(sql`${messagesJson(messages)}`));
}

/** Whether this message is pending, or another of its lane is leased. */
export async function isQueued(db: Queryable, { lane, dedupeKey }: OutboxMessage): Promise<boolean> {
  const rows = await db.query(sql`
    select 1 from outbox where dedupe_key = ${dedupeKey} and state = 'pending'
    union all select 1 from outbox where lane = ${lane} and state = 'leased'`);
  return rows.length > 0;
}

/** Deletes messages that were done or cancelled more than this many days ago, at most `limit`. Returns how many. */
export async function forgetMessages(db: Queryable, olderThanDays: number, limit: number): Promise<number> {
  const rows = await db.query(sql`
    delete from outbox where id in (
      select id from outbox
       where state in ('done', 'cancelled') and finished_at < db_now() - make_interval(days => ${olderThanDays})
       order by finished_at limit ${limit})
    returning 1`);
  return rows.length;
}

/** Marks the messages of the still valid leases as done and returns those leases' tokens. */
async function finishMessages(db: Queryable, leases: readonly Lease[]): Promise<ReadonlySet<number>> {
  const ids = leases.map(({ id }) => id);
  const tokens = leases.map(({ leaseToken }) => leaseToken);
  const rows = await db.query<{ token: number }>(
    sql`select token from outbox_finish(${ids}::uuid[], ${tokens}::bigint[]) as token`,
  );
  return new Set(rows.map(({ token }) => token));
}

/** Finishes the message; throws `lease_lost` if the lease is no longer valid. Call it last in the transaction that holds the effects. */
export async function finishMessage(db: Queryable, message: Lease): Promise<void> {
  const finished = await finishMessages(db, [message]);
  if (!finished.has(message.leaseToken)) throw new AppError('lease_lost');
}

/** Batches messages that finish at about the same time: while one statement runs, the next batch collects. */
function finishTogether(db: Queryable): (lease: Lease) => Promise<void> {
  let gathering: { readonly leases: Lease[]; readonly finished: Promise<ReadonlySet<number>> } | undefined;
  let underWay: Promise<unknown> = Promise.resolve();
  const gather = () => {
    const leases: Lease[] = [];
    const finished = underWay.then(() => {
      gathering = undefined;
      return finishMessages(db, leases);
    });
    underWay = finished.catch(() => {});
    return { leases, finished };
  };
  return async (lease) => {
    gathering ??= gather();
    gathering.leases.push(lease);
    if (!(await gathering.finished).has(lease.leaseToken)) throw new AppError('lease_lost');
  };
}

/** Up to this much is added to a wait that a provider asked for, or half of the wait if that is less. */
const MAX_SPREAD_SECONDS = 300;

/**
 * Returns a message to the queue or buries it. It is pending again after a backoff, or after the wait that the provider asked for if that
 * is longer, and never earlier: a random time is added, or else everything that was throttled would return at the same moment. Returns the
 * message's new state; undefined: lease lost.
 */
export async function failMessage(db: Queryable, message: Lease, failure: Failure): Promise<OutboxState | undefined> {
  const asked = failure.retryAfterSeconds ?? null;
  const [row] = await db.query<{ state: OutboxState | null }>(sql`
    select outbox_fail(
      o.id, ${message.leaseToken}, ${failure.errorClass}, ${failure.message}, ${failure.retry},
      greatest(
        outbox_backoff(o.attempts),
        make_interval(secs => ${asked}::double precision + random() * least(${asked}::double precision / 2, ${MAX_SPREAD_SECONDS})))
    ) as state
      from outbox o where o.id = ${message.id}`);
  return row?.state ?? undefined;
}

/** Makes every leased message pending at once, as if its lease had expired. For when all workers are known to be gone. */
export async function giveBackLeases(db: Queryable): Promise<void> {
  await db.query(sql`
    select outbox_fail(id, lease_token, 'lease_expired', 'the worker was stopped', true, interval '0', null)
      from outbox where state = 'leased'`);
}

/** The queue as seen by a worker. */
export const outbox = (db: Database) => ({
  /** Leases up to `limit` due messages of these topics, at most one per lane. */
  claim: (owner: string, topics: readonly string[], limit: number, leaseSeconds: number) =>
    db.query<LeasedMessage>(sql`
      select id, topic, lane, payload, request_id, attempts, max_attempts, lease_token
        from outbox_claim(${owner}, ${limit}, make_interval(secs => ${leaseSeconds}), ${topics}::text[])`),

  /** For a message that has no effects to commit with; throws `lease_lost`. */
  finish: finishTogether(db),

  /** See `failMessage`. */
  fail: (message: Lease, failure: Failure) => failMessage(db, message, failure),

  /** What `reap` will take back: the hundred that ran out first. */
  expiredLeases: () =>
    db.query<ExpiredLease>(sql`
      select id as message_id, topic, attempts, extract(epoch from db_now() - lease_until)::double precision as late_seconds,
             attempts > 1 and coalesce(last_error_class = 'lease_expired', false) as is_repeated
        from outbox where state = 'leased' and lease_until < db_now() order by lease_until limit 100`),

  /** Returns messages with expired leases to the queue; returns how many. */
  async reap(): Promise<number> {
    const [row] = await db.query<{ reaped: number }>(sql`select outbox_reap() as reaped`);
    return row?.reaped ?? 0;
  },

  /**
   * Messages of these topics that have been due for longer than `seconds`, except in lanes with a leased message. Counts at most a
   * thousand. Undefined when there are none.
   */
  async backlog(topics: readonly string[], seconds: number): Promise<Backlog | undefined> {
    const [row] = await db.query<Backlog>(sql`
      select count(*)::integer as count, extract(epoch from db_now() - min(run_at))::double precision as oldest_seconds,
             (array_agg(topic order by run_at))[1] as oldest_topic
        from (select run_at, topic from outbox
               where state = 'pending' and run_at < db_now() - make_interval(secs => ${seconds}) and topic = any (${topics}::text[])
                 and lane <> all (array(select b.lane from outbox b where b.state = 'leased'))
               order by run_at limit 1000) as late`);
    return row && row.count > 0 ? row : undefined;
  },

  /** Seconds until the next pending message of these topics is due (0: now); undefined when there is none. */
  async nextDueSeconds(topics: readonly string[]): Promise<number | undefined> {
    const [row] = await db.query<{ seconds: number | null }>(sql`
      select min(greatest(0, extract(epoch from run_at - db_now())))::double precision as seconds
        from outbox where state = 'pending' and topic = any (${topics}::text[])`);
    return row?.seconds ?? undefined;
  },
});
export type Outbox = ReturnType<typeof outbox>;
