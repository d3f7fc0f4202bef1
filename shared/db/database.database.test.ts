import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../tests/database/test-database.ts';
import { AppError } from '../kernel/app-error.ts';
import { type Database, openDatabase, type Queryable } from './database.ts';
import { type Sql, sql } from './sql.ts';

let own: TestDatabase;
let db: Database;
/** A separate connection that observes, and acts as an administrator. */
let other: Database;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase({ url: own.url, poolSize: 4 });
  other = openDatabase({ url: own.url, poolSize: 1 });
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
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof AppError ? error.code : String((error as { code?: unknown }).code)),
  );

test('rows have camelCase keys and JavaScript values', async () => {
  const at = new Date('2031-02-03T04:05:06.789Z');
  const bytes = Buffer.from([0, 255, 10]);
  expect(
    await db.query(sql`
      select 1 as plain, 2::bigint as two_words, ${bytes}::bytea as body_sha256, ${at}::timestamptz as created_at,
             null::bigint as _absent, '{"inner_key": 1}'::jsonb as document, count(*) as row_count from boxes`),
  ).toEqual([
    { plain: 1, twoWords: 2, bodySha256: bytes, createdAt: at, Absent: null, document: { inner_key: 1 }, rowCount: 2 },
  ]);
});

test('a bigint is returned as an exact number or refused', async () => {
  expect(await db.query(sql`select ${'9007199254740991'}::bigint as n, (-9007199254740991)::bigint as m`)).toEqual([
    { n: Number.MAX_SAFE_INTEGER, m: Number.MIN_SAFE_INTEGER },
  ]);
  await expect(db.query(sql`select ${'9007199254740992'}::bigint as n`)).rejects.toThrow('does not fit a number');
  // The connection is still usable.
  expect(await db.query(sql`select 1 as n`)).toEqual([{ n: 1 }]);
});

test('a transaction becomes visible to others all at once, and only after its commit', async () => {
  const result = await db.transaction(async (transaction) => {
    await transaction.query(fill('left'));
    await transaction.query(fill('right'));
    expect(await boxes()).toEqual({ left: 0, right: 0 });
    return 'result';
  });
  expect(result).toBe('result');
  expect(await boxes()).toEqual({ left: 1, right: 1 });
});

test('an error in a transaction rolls everything back and is rethrown unchanged', async () => {
  const own = new AppError('conflict');
  const failing = db.transaction(async (transaction) => {
    await transaction.query(fill('left'));
    throw own;
  });
  await expect(failing).rejects.toBe(own);
  const wrong = db.transaction(async (transaction) => {
    await transaction.query(fill('left'));
    await transaction.query(sql`select 1 / 0`);
  });
  await expect(wrong).rejects.toMatchObject({ code: '22012' });
  expect(await boxes()).toEqual({ left: 0, right: 0 });
});

test('an executed statement runs before any later statement of the transaction', async () => {
  await db.transaction(async (transaction) => {
    await transaction.execute(fill('left'));
    expect(await transaction.query(sql`select filled from boxes where name = 'left'`)).toEqual([{ filled: 1 }]);
    await transaction.execute(fill('left'));
  });
  expect(await boxes()).toEqual({ left: 2, right: 0 });
});

test('an executed statement that fails rolls its transaction back, and its error is the one the transaction reports', async () => {
  const failing = (rest: (transaction: Queryable) => Promise<unknown>) =>
    db.transaction(async (transaction) => {
      await transaction.execute(fill('left'));
      await transaction.execute(sql`insert into boxes (name) values ('right')`);
      await rest(transaction);
    });
  const rests = [
    async () => {},
    (transaction: Queryable) => transaction.query(fill('left')),
    (transaction: Queryable) => transaction.query(fill('left')).catch(() => {}),
    (transaction: Queryable) => transaction.execute(sql`select 1 / 0`),
  ];
  for (const rest of rests) await expect(failing(rest)).rejects.toMatchObject({ code: '23505' });
  expect(await boxes()).toEqual({ left: 0, right: 0 });
});

test("a migration that changes a statement's result columns causes no error, and nothing runs twice", async () => {
  await other.query(sql`create table changing (n int)`);
  const one = openDatabase({ url: own.url, poolSize: 1 });
  const insert = sql`insert into changing values (1) returning *`;
  const inTransaction = () =>
    one.transaction(async (transaction) => {
      await transaction.query(fill('left'));
      return transaction.query(insert);
    });
  await one.query(insert);
  await other.query(sql`alter table changing add column m int`);
  expect(await one.query(insert)).toEqual([{ n: 1, m: null }]);
  expect(await inTransaction()).toEqual([{ n: 1, m: null }]);
  await other.query(sql`alter table changing alter column n type text`);
  expect(await inTransaction()).toEqual([{ n: '1', m: null }]);
  expect(await boxes()).toEqual({ left: 2, right: 0 });
  expect(await other.query(sql`select count(*) as count from changing`)).toEqual([{ count: 4 }]);
  await one.close();
});

/** Resolves for all callers once `count` of them have arrived. */
function meetingOf(count: number) {
  let arrived = 0;
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return () => {
    arrived += 1;
    if (arrived >= count) open();
    return opened;
  };
}

test('when Postgres aborts one of two deadlocked transactions it is retried, and both commit once', async () => {
  const meet = meetingOf(2);
  let runs = 0;
  const crossing = (first: string, second: string) =>
    db.transaction(async (transaction) => {
      runs += 1;
      await transaction.query(fill(first));
      // Both hold their first lock before either requests its second.
      await meet();
      await transaction.query(fill(second));
    });
  await Promise.all([crossing('left', 'right'), crossing('right', 'left')]);
  // Sometimes Postgres aborts both, and they deadlock again.
  expect(runs).toBeGreaterThan(2);
  expect(await boxes()).toEqual({ left: 2, right: 2 });
});

test('a transaction that loses every race is tried three times and leaves nothing behind', async () => {
  let runs = 0;
  const losing = db.transaction(async (transaction) => {
    runs += 1;
    await transaction.query(fill('left'));
    await transaction.query(sql`do $$ begin raise exception 'lost' using errcode = 'serialization_failure'; end $$`);
  });
  await expect(losing).rejects.toMatchObject({ code: '40001' });
  expect(runs).toBe(3);
  expect(await boxes()).toEqual({ left: 0, right: 0 });
});

test('a non-transient error is not retried', async () => {
  let runs = 0;
  const failing = db.transaction(async (transaction) => {
    runs += 1;
    await transaction.query(sql`insert into boxes (name) values ('left')`);
  });
  await expect(failing).rejects.toMatchObject({ code: '23505', constraint: 'boxes_pkey' });
  expect(runs).toBe(1);
});

test('an unreachable server is database_unavailable, for a statement and for a transaction', async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  const away = openDatabase({ url: `postgres://nobody@127.0.0.1:${port}/nothing`, poolSize: 1 });
  expect(await codeOf(away.query(sql`select 1`))).toBe('database_unavailable');
  expect(await codeOf(away.transaction(async () => {}))).toBe('database_unavailable');
  await away.close();
});

test('a server that closes every connection is database_unavailable', async () => {
  const rude = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(rude, 'listening');
  const { port } = rude.address() as { port: number };
  const away = openDatabase({ url: `postgres://nobody@127.0.0.1:${port}/nothing`, poolSize: 1 });
  expect(await codeOf(away.query(sql`select 1`))).toBe('database_unavailable');
  await away.close();
  rude.close();
});

test('a connection cut in the middle of a transaction is database_unavailable, and nothing is committed', async () => {
  const cut = db.transaction(async (transaction) => {
    await transaction.query(fill('left'));
    const [backend] = await transaction.query<{ pid: number }>(sql`select pg_backend_pid() as pid`);
    await other.query(sql`select pg_terminate_backend(${backend?.pid}, 5000)`);
    await transaction.query(fill('right'));
  });
  expect(await codeOf(cut)).toBe('database_unavailable');
  expect(await boxes()).toEqual({ left: 0, right: 0 });
  expect(await codeOf(db.transaction((transaction) => transaction.query(fill('left'))))).toBe('no error');
});

test('idle connections that the server closed while the process was frozen cause no errors', async () => {
  await Promise.all([db.query(sql`select pg_sleep(0.01)`), db.query(sql`select pg_sleep(0.01)`)]);
  // Blocks this process, as a freeze would: it cannot notice that the connections end.
  const end = `
    import pg from 'pg';
    const client = new pg.Client({ connectionString: process.env.URL });
    await client.connect();
    await client.query(\`select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()\`);
    await client.end();`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', end], { env: { ...process.env, URL: own.url } });
  const work = [1, 2].map(() => db.transaction((transaction) => transaction.query(fill('left'))));
  expect(await Promise.all([...work.map(codeOf), codeOf(db.query(fill('right')))])).toEqual(Array(3).fill('no error'));
  expect(await boxes()).toEqual({ left: 2, right: 1 });
});

test('a write to a server that has become read-only is database_unavailable', async () => {
  const database = sql`do $$ begin
    execute format('alter database %I set default_transaction_read_only = on', current_database());
  end $$`;
  const readOnly = await testDatabase();
  const before = openDatabase({ url: readOnly.url, poolSize: 1 });
  await before.query(database);
  await before.close();
  const replica = openDatabase({ url: readOnly.url, poolSize: 1 });
  const write = sql`insert into platform_secrets (name, sealed) values ('a', 'b')`;
  expect(await codeOf(replica.query(write))).toBe('database_unavailable');
  expect(await codeOf(replica.transaction((transaction) => transaction.query(write)))).toBe('database_unavailable');
  expect(await codeOf(replica.query(sql`select name from platform_secrets`))).toBe('no error');
  await replica.close();
  await readOnly.close();
});

test('waiting too long for a lock or an answer is database_unavailable', async () => {
  const waiting = (setting: Sql, statement: Sql) =>
    codeOf(
      db.transaction(async (transaction) => {
        await transaction.query(setting);
        await transaction.query(statement);
      }),
    );
  await other.transaction(async (holder) => {
    await holder.query(fill('left'));
    expect(await waiting(sql`set local lock_timeout = '10ms'`, fill('left'))).toBe('database_unavailable');
  });
  expect(await waiting(sql`set local statement_timeout = '10ms'`, sql`select pg_sleep(60)`)).toBe(
    'database_unavailable',
  );
});

test("text that Postgres cannot store is the request's mistake, not the server's", async () => {
  expect(await codeOf(db.query(sql`insert into boxes (name) values (${'a\0b'})`))).toBe('invalid_request');
  const json = JSON.stringify({ message: 'a\0b' });
  expect(await codeOf(db.transaction((transaction) => transaction.query(sql`select ${json}::jsonb`)))).toBe(
    'invalid_request',
  );
});

test('an error in a statement is passed on as Postgres reports it', async () => {
  expect(await codeOf(db.query(sql`select nothing from nowhere`))).toBe('42P01');
});
