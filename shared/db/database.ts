import pg from 'pg';
import { AppError } from '../kernel/app-error.ts';
import { type Deadline, settledBy } from '../kernel/deadline.ts';
import { camelCase } from './camel-case.ts';
import { type KeptPlans, keptPlans } from './kept-plans.ts';
import { isOutdatedPlan, isTransient, isUnanswered, isUnavailable, isUnstorableText } from './postgres-error.ts';
import { type Sql, sql } from './sql.ts';
import { cutOff, type LimitedQuery, outOfTime, timeLeft } from './time-left.ts';

export interface DatabaseConfig {
  readonly url: string;
  /** Connections of one instance; instances × pool size stays below the server's limit. */
  readonly poolSize: number;
  /** The longest that Postgres works on one statement. Default 8. */
  readonly statementSeconds?: number;
  /** The longest wait for a connection of the pool, and that of a statement for a lock. Default 3. */
  readonly waitSeconds?: number;
}

/** Anything that runs statements: the pool, or one transaction. */
export interface Queryable {
  /**
   * Rows with camelCase keys: `timestamptz` as Date, `bigint` as number (refused above 2^53), `bytea` as Buffer. In a transaction the
   * transaction's deadline holds instead.
   */
  query<Row>(statement: Sql, deadline?: Deadline): Promise<Row[]>;

  /**
   * For a statement whose result is not needed. In a transaction it is pipelined: it runs before any later statement of the transaction,
   * and if it fails, the transaction fails with its error.
   */
  execute(statement: Sql): Promise<void>;
}

export interface Database extends Queryable {
  /**
   * Runs `work` in one transaction. It is retried (three tries in all) after a deadlock or serialization failure, so `work` must have no
   * effect outside the database. Any error rolls back. Statements run one after the other, in the order they are issued; issuing two
   * before awaiting either saves a round trip.
   *
   * What has a deadline waits for a connection, for locks and for Postgres no longer than that, and is then `database_unavailable`, with
   * nothing committed. Only where Postgres does not even answer that it gave up is the outcome unknown, as with any lost connection.
   */
  transaction<T>(work: (transaction: Queryable) => Promise<T>, deadline?: Deadline): Promise<T>;
  close(): Promise<void>;
}

const BIGINT = 20;
const TRIES = 3;
/** A connection idle for longer is checked before it is used. */
const TRUSTED_IDLE_MS = 100;
/** Connections are replaced after this time, so that plans made while a table was almost empty do not outlive its growth for long. */
const PLANS_KEPT_SECONDS = 300;
const STATEMENT_SECONDS = 8;
const WAIT_SECONDS = 3;
const stillThere: LimitedQuery = { text: 'select 1', query_timeout: 1000 };

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => {
    if (oid === BIGINT && format !== 'binary') {
      return (text: string) => {
        const value = Number(text);
        if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} does not fit a number`);
        return value;
      };
    }
    return pg.types.getTypeParser(oid, format);
  },
};

/** Statements issued in the same tick are written at once: one system call and one wake-up of the server instead of one per statement. */
function gatherWrites({ connection: { stream } }: pg.PoolClient & { readonly connection: pg.Connection }): void {
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

async function run<Row>(
  client: pg.PoolClient,
  { text, values }: Sql,
  plans: KeptPlans,
  leftMs: number | undefined,
): Promise<Row[]> {
  gatherWrites(client);
  const name = plans.nameOf(text);
  const statement: pg.QueryArrayConfig & LimitedQuery = {
    ...(name === undefined ? {} : { name }),
    text,
    values: [...values],
    rowMode: 'array',
    ...cutOff(leftMs),
  };
  const { rows, fields } = await client.query<unknown[]>(statement);
  if (rows.length === 0) return [];
  const keys = fields.map((field) => camelCase(field.name));
  return rows.map((row) => {
    const object: Record<string, unknown> = {};
    for (const [index, key] of keys.entries()) object[key] = row[index];
    return object;
  }) as Row[];
}

function translate(error: unknown): unknown {
  if (error instanceof AppError) return error;
  if (isUnavailable(error)) return new AppError('database_unavailable', { cause: error });
  if (isUnstorableText(error)) return new AppError('invalid_request', { cause: error });
  return error;
}

/**
 * A connection pool. No connection is opened before the first statement. Errors that mean "not now" (refused, shutting down, read-only,
 * too many connections, lock or statement timeout) become `AppError('database_unavailable')`; text that Postgres cannot store (a NUL
 * character) becomes `invalid_request`; everything else is thrown as pg throws it.
 */
export function openDatabase(config: DatabaseConfig): Database {
  const { statementSeconds = STATEMENT_SECONDS, waitSeconds = WAIT_SECONDS } = config;
  const pool = new pg.Pool({
    connectionString: config.url,
    max: config.poolSize,
    connectionTimeoutMillis: waitSeconds * 1000,
    // A frozen instance keeps its sockets; the server closes those left open in a transaction.
    idleTimeoutMillis: 60_000,
    options: `-c lock_timeout=${waitSeconds}s -c statement_timeout=${statementSeconds}s -c idle_in_transaction_session_timeout=10s`,
    types,
    // Statements are sent without waiting for earlier answers.
    pipeline: true,
    maxLifetimeSeconds: PLANS_KEPT_SECONDS,
  });
  const plans = keptPlans();
  // An idle connection that the server closed is replaced by the next statement.
  pool.on('error', () => {});

  const usedAt = new WeakMap<pg.PoolClient, number>();

  async function connect(deadline: Deadline | undefined): Promise<pg.PoolClient> {
    if (!deadline) return pool.connect();
    timeLeft(deadline);
    const connecting = pool.connect();
    const client = await settledBy(deadline, connecting);
    if (client) return client;
    connecting.then(
      (late) => late.release(),
      () => {},
    );
    throw outOfTime();
  }

  /**
   * Lends a connection. While the instance was frozen, the server or the network may have closed it unnoticed; without a check the first
   * statement after the thaw would fail although the database is reachable.
   */
  async function withClient<T>(
    work: (client: pg.PoolClient, lost: (error: Error) => void) => Promise<T>,
    deadline: Deadline | undefined,
  ): Promise<T> {
    for (;;) {
      const client = await connect(deadline);
      let broken: Error | undefined;
      // A connection lost between two statements emits `error`, which would end the process without a listener.
      const lost = (error: Error) => {
        broken = error;
      };
      client.on('error', lost);
      try {
        const idleSince = usedAt.get(client);
        if (idleSince !== undefined && performance.now() - idleSince > TRUSTED_IDLE_MS) {
          if (!(await client.query(stillThere).then(() => true, lost))) continue;
        }
        return await work(client, lost);
      } catch (error) {
        if (isUnanswered(error)) lost(error);
        throw error;
      } finally {
        usedAt.set(client, performance.now());
        if (!broken) client.off('error', lost);
        client.release(broken);
      }
    }
  }

  /** Whether Postgres has to be told to give up earlier than it would by itself. */
  const isShort = (leftMs: number | undefined): leftMs is number =>
    leftMs !== undefined && leftMs < statementSeconds * 1000;

  async function inTransaction<T>(
    client: pg.PoolClient,
    lost: (error: Error) => void,
    work: (transaction: Queryable) => Promise<T>,
    deadline: Deadline | undefined,
  ): Promise<T> {
    // After a failed statement Postgres refuses all others, so the first error is the one to report.
    let failure: { readonly error: unknown } | undefined;
    const said: Promise<unknown>[] = [];
    /** Not awaited: if it fails, so does everything after it. */
    const say = (text: string) => {
      gatherWrites(client);
      const saying = client.query(text);
      saying.catch(() => {});
      said.push(saying);
    };
    const query = async <Row>(statement: Sql): Promise<Row[]> => {
      try {
        const leftMs = timeLeft(deadline);
        if (isShort(leftMs)) say(`set local statement_timeout = ${leftMs}`);
        return await run<Row>(client, statement, plans, leftMs);
      } catch (error) {
        failure ??= { error };
        throw failure.error;
      }
    };
    const execute = async (statement: Sql) => void said.push(query(statement).catch(() => {}));
    try {
      say('begin');
      const result = await work({ query, execute });
      // Pipelined with the executed statements. After a failure Postgres answers it with a rollback.
      const commit: LimitedQuery = { text: 'commit', ...cutOff(timeLeft(deadline)) };
      const { command } = await client.query(commit);
      await Promise.all(said);
      if (failure) throw failure.error;
      if (command !== 'COMMIT') throw new AppError('internal', { message: `commit was answered with ${command}` });
      return result;
    } catch (error) {
      const rollback: LimitedQuery = { text: 'rollback', ...cutOff(deadline?.remainingMs()) };
      await client.query(rollback).catch(lost);
      throw error;
    }
  }

  const once = <T>(work: (transaction: Queryable) => Promise<T>, deadline: Deadline | undefined): Promise<T> =>
    withClient((client, lost) => inTransaction(client, lost, work, deadline), deadline);

  const query = async <Row>(statement: Sql, deadline?: Deadline): Promise<Row[]> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await withClient((client, lost) => {
          const leftMs = timeLeft(deadline);
          return isShort(leftMs)
            ? inTransaction(client, lost, (transaction) => transaction.query<Row>(statement), deadline)
            : run<Row>(client, statement, plans, leftMs);
        }, deadline);
      } catch (error) {
        if (!isOutdatedPlan(error) || attempt === TRIES) throw translate(error);
        plans.renew();
      }
    }
  };

  return {
    query,
    execute: async (statement) => void (await query(statement)),
    async transaction(work, deadline) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(work, deadline);
        } catch (error) {
          if (isOutdatedPlan(error)) plans.renew();
          else if (!isTransient(error)) throw translate(error);
          if (attempt === TRIES) throw translate(error);
        }
      }
    },
    close: () => pool.end(),
  };
}

/** The current time by the only clock in use, the database's. */
export async function readClock(db: Queryable): Promise<Date> {
  const [row] = await db.query<{ now: Date }>(sql`select db_now() as now`);
  if (!row) throw new AppError('internal');
  return row.now;
}

/** Throws `database_unavailable` when the database does not answer a trivial statement. */
export async function assertReachable(db: Queryable): Promise<void> {
  await db.query(sql`select 1`);
}
