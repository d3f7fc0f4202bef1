import pg from 'pg';
import { AppError } from '../kernel/app-error.ts';
import { camelCase } from './camel-case.ts';
import { type KeptPlans, keptPlans } from './kept-plans.ts';
import { isOutdatedPlan, isTransient, isUnavailable, isUnstorableText } from './postgres-error.ts';
import { type Sql, sql } from './sql.ts';

export interface DatabaseConfig {
  readonly url: string;
  /** Connections of one instance; instances × pool size stays below the server's limit. */
  readonly poolSize: number;
}

/** Something statements can be sent to: the pool, or one transaction. */
export interface Queryable {
  /** Rows with camelCase keys: `timestamptz` as Date, `bigint` as number (refused above 2^53), `bytea` as Buffer. */
  query<Row>(statement: Sql): Promise<Row[]>;

  /**
   * For a statement whose answer nobody needs. A transaction does not wait for it: it is done before whatever the transaction says next, and
   * if it fails, so does the transaction, with its error.
   */
  execute(statement: Sql): Promise<void>;
}

export interface Database extends Queryable {
  /**
   * Runs `work` in one transaction. A deadlock or serialization failure runs it again (at most three times), so `work`
   * must have no effect outside the database. Any error rolls back. Statements are sent as they are said and done in that
   * order, one after the other: to say two before waiting for either saves a round trip.
   */
  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const BIGINT = 20;
const TRIES = 3;
/** A connection that was last used longer ago is asked whether it is still one. */
const TRUSTED_IDLE_MS = 100;
/** A connection lives no longer: what it planned while a table was almost empty is not kept for long after it has grown. */
const PLANS_KEPT_SECONDS = 300;
/** The types of pg do not know that a query may have a time limit of its own. */
const stillThere: pg.QueryConfig & { query_timeout: number } = { text: 'select 1', query_timeout: 1000 };

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

/** What is said before anybody waits goes out in one piece: one system call, and one awakening of the server, instead of one a statement. */
function gatherWrites({ connection: { stream } }: pg.PoolClient & { readonly connection: pg.Connection }): void {
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

async function run<Row>(client: pg.PoolClient, { text, values }: Sql, plans: KeptPlans): Promise<Row[]> {
  gatherWrites(client);
  const name = plans.nameOf(text);
  const { rows, fields } = await client.query<unknown[]>({
    ...(name === undefined ? {} : { name }),
    text,
    values: [...values],
    rowMode: 'array',
  });
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
 * A pool of connections. Nothing is opened before the first statement. Errors that mean "not now" (refused, shutting
 * down, read-only, too many connections, a lock or an answer that takes too long) come as `AppError('database_unavailable')`,
 * text that Postgres cannot hold (a NUL character) as `invalid_request`, everything else as pg throws it.
 */
export function openDatabase(config: DatabaseConfig): Database {
  const pool = new pg.Pool({
    connectionString: config.url,
    max: config.poolSize,
    connectionTimeoutMillis: 3000,
    // A frozen instance keeps its sockets; the server ends what was left open in a transaction.
    idleTimeoutMillis: 60_000,
    options: '-c lock_timeout=3s -c statement_timeout=8s -c idle_in_transaction_session_timeout=10s',
    types,
    // Statements are sent without waiting for the answers to those before.
    pipeline: true,
    maxLifetimeSeconds: PLANS_KEPT_SECONDS,
  });
  const plans = keptPlans();
  // An idle connection that the server ended is replaced by the next statement.
  pool.on('error', () => {});

  const usedAt = new WeakMap<pg.PoolClient, number>();

  /**
   * Lends a connection. While an instance was frozen the server, or the network in between, may have ended it, and nobody heard:
   * the first statement after the thaw would fail although the database is there.
   */
  async function withClient<T>(work: (client: pg.PoolClient, lost: (error: Error) => void) => Promise<T>): Promise<T> {
    for (;;) {
      const client = await pool.connect();
      let broken: Error | undefined;
      // A connection that is lost between two statements says so here, and would end the process if nobody listened.
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
      } finally {
        usedAt.set(client, performance.now());
        if (!broken) client.off('error', lost);
        client.release(broken);
      }
    }
  }

  const once = <T>(work: (transaction: Queryable) => Promise<T>): Promise<T> =>
    withClient(async (client, lost) => {
      // After one that failed Postgres refuses every other statement: the first error is the one to be told.
      let failure: { readonly error: unknown } | undefined;
      const said: Promise<unknown>[] = [];
      const query = <Row>(statement: Sql): Promise<Row[]> =>
        run<Row>(client, statement, plans).catch((error: unknown) => {
          failure ??= { error };
          throw failure.error;
        });
      const execute = async (statement: Sql) => void said.push(query(statement).catch(() => {}));
      try {
        // Nobody waits for it: if it fails, the connection is lost, and everything after it fails as well.
        said.push(client.query('begin'));
        const result = await work({ query, execute });
        // Sent together with what was only said. After a failure it is a rollback.
        const { command } = await client.query('commit');
        await Promise.all(said);
        if (failure) throw failure.error;
        if (command !== 'COMMIT') throw new AppError('internal', { message: `commit was answered with ${command}` });
        return result;
      } catch (error) {
        await client.query('rollback').catch(lost);
        throw error;
      }
    });

  const query = async <Row>(statement: Sql): Promise<Row[]> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await withClient((client) => run<Row>(client, statement, plans));
      } catch (error) {
        if (!isOutdatedPlan(error) || attempt === TRIES) throw translate(error);
        plans.renew();
      }
    }
  };

  return {
    query,
    execute: async (statement) => void (await query(statement)),
    async transaction(work) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(work);
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

/** The time by the one clock, which is the database's. */
export async function readClock(db: Queryable): Promise<Date> {
  const [row] = await db.query<{ now: Date }>(sql`select db_now() as now`);
  if (!row) throw new AppError('internal');
  return row.now;
}

/** Throws `database_unavailable` when the database does not answer a trivial statement. */
export async function assertReachable(db: Queryable): Promise<void> {
  await db.query(sql`select 1`);
}
