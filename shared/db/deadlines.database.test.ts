import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startPostgresProxy } from '../../tests/crash/postgres-proxy.ts';
import { type TestDatabase, testDatabase } from '../../tests/database/test-database.ts';
import { AppError } from '../kernel/app-error.ts';
import { type Deadline, deadlineIn } from '../kernel/deadline.ts';
import { type Database, openDatabase, type Queryable } from './database.ts';
import { sql } from './sql.ts';

let own: TestDatabase;
let db: Database;
/** A separate connection that observes, and holds locks. */
let other: Database;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase({ url: own.url, poolSize: 2 });
  other = openDatabase({ url: own.url, poolSize: 2 });
  await db.query(sql`create table boxes (name text primary key, filled int not null default 0)`);
});
beforeEach(async () => {
  await db.query(sql`truncate boxes`);
  await db.query(sql`insert into boxes (name) values ('left'), ('right')`);
});
afterAll(async () => {
  await Promise.all([db.close(), other.close()]);
  await own.close();
});

const fill = (name: string) => sql`update boxes set filled = filled + 1 where name = ${name}`;
const boxes = async () => {
  const rows = await other.query<{ name: string; filled: number }>(sql`select name, filled from boxes`);
  return Object.fromEntries(rows.map(({ name, filled }) => [name, filled]));
};
const waitingForLocks = () =>
  other.query(sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`);
/** A deadline that passes when a test says so. */
function deadlineOfTest(): Deadline & { pass(): void } {
  let isPassed = false;
  return {
    remainingMs: () => (isPassed ? -1 : 60_000),
    pass: () => {
      isPassed = true;
    },
  };
}
const unavailable = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => {
      expect(error).toMatchObject({ code: 'database_unavailable' });
      return error as AppError;
    },
  );
const LONG_CANCELLED = { code: '57014' };

/** Runs a statement alone, and as a transaction. */
const ways: [string, (database: Database, work: ReturnType<typeof sql>, deadline: Deadline) => Promise<unknown>][] = [
  ['a statement', (database, statement, deadline) => database.query(statement, deadline)],
  [
    'a transaction',
    (database, statement, deadline) =>
      database.transaction((transaction: Queryable) => transaction.query(statement), deadline),
  ],
];

describe.each(ways)('%s with a deadline', (_, run) => {
  test('stops waiting for a lock when it passes, and does nothing once the lock is free', async () => {
    await other.transaction(async (holder) => {
      await holder.query(fill('left'));
      const error = await unavailable(run(db, fill('left'), deadlineIn(200)));
      // Postgres gave up, and before `lock_timeout`.
      expect(error.cause).toMatchObject(LONG_CANCELLED);
      expect(await waitingForLocks()).toEqual([]);
    });
    expect(await boxes()).toEqual({ left: 1, right: 0 });
    expect(await run(db, fill('left'), deadlineIn(60_000))).toEqual([]);
    expect(await boxes()).toEqual({ left: 2, right: 0 });
  });

  test('leaves the limit of later statements on its connection as it was', async () => {
    const one = openDatabase({ url: own.url, poolSize: 1, statementSeconds: 7 });
    const limit = sql`select current_setting('statement_timeout') as limit`;
    // With time enough Postgres is told nothing: that is the usual case, and nothing in it may cost time.
    expect(await run(one, limit, deadlineIn(60_000))).toEqual([{ limit: '7s' }]);
    expect(await run(one, limit, { remainingMs: () => 1234 })).toEqual([{ limit: '1234ms' }]);
    expect(await run(one, limit, deadlineIn(60_000))).toEqual([{ limit: '7s' }]);
    await one.close();
  });

  test('is not begun after it', async () => {
    expect(await unavailable(run(db, fill('left'), { remainingMs: () => 0 }))).toMatchObject({
      message: 'its deadline has passed',
    });
    expect(await boxes()).toEqual({ left: 0, right: 0 });
  });

  test('does not wait longer for a connection, and one that comes too late is not lost', async () => {
    const one = openDatabase({ url: own.url, poolSize: 1 });
    await one.transaction(async () => {
      await unavailable(run(one, fill('left'), deadlineIn(50)));
    });
    expect(await one.query(sql`select 1 as n`)).toEqual([{ n: 1 }]);
    expect(await boxes()).toEqual({ left: 0, right: 0 });
    await one.close();
  });

  test('gives up a server that says nothing, and the next statement has another connection', async () => {
    let isMute = false;
    let silenced = 0;
    const proxy = await startPostgresProxy(new URL(own.url), async ({ statement, side }) => {
      if (!isMute || side === 'before' || !statement.includes('update boxes')) return 'pass';
      silenced += 1;
      return new Promise(() => {});
    });
    const url = new URL(own.url);
    url.port = String(proxy.port);
    const far = openDatabase({ url: url.href, poolSize: 1 });
    expect(await far.query(sql`select 1 as n`)).toEqual([{ n: 1 }]);
    isMute = true;
    await unavailable(run(far, fill('left'), deadlineIn(100)));
    isMute = false;
    expect(silenced).toBe(1);
    expect(await far.query(sql`select 2 as n`)).toEqual([{ n: 2 }]);
    await far.close();
    await proxy.close();
  });
});

test('a transaction whose deadline has passed is rolled back, not committed', async () => {
  const deadline = deadlineOfTest();
  const late = db.transaction(async (transaction) => {
    await transaction.query(fill('left'));
    await transaction.execute(fill('right'));
    deadline.pass();
  }, deadline);
  await unavailable(late);
  expect(await boxes()).toEqual({ left: 0, right: 0 });
});

test('a transaction sends no statement after its deadline', async () => {
  const deadline = deadlineOfTest();
  const own = new AppError('conflict');
  const late = db.transaction(async (transaction) => {
    await transaction.query(fill('left'));
    deadline.pass();
    await transaction.execute(fill('right'));
    await transaction.query(fill('right')).catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'database_unavailable' });
    });
    throw own;
  }, deadline);
  await expect(late).rejects.toBe(own);
  expect(await boxes()).toEqual({ left: 0, right: 0 });
});
