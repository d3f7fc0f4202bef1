import pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from './test-database.ts';

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function database(): Promise<TestDatabase> {
  const own = await testDatabase();
  opened.push(own.close);
  return own;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('a test database is migrated, and what is written to one does not appear in the next', async () => {
  const [one, other] = await Promise.all([database(), database()]);
  const projects = `select count(*)::int as tables from information_schema.tables where table_name = 'projects'`;
  expect(await query(one.url, projects)).toEqual([{ tables: 1 }]);
  await query(one.url, 'create table mine as select 1 as n');
  expect(await query(one.url, 'select n from mine')).toEqual([{ n: 1 }]);
  await expect(query(other.url, 'select n from mine')).rejects.toThrow('relation "mine" does not exist');
});

test('a closed test database is gone', async () => {
  const own = await testDatabase();
  await own.close();
  await expect(query(own.url, 'select 1')).rejects.toThrow(/database "test_\w+" does not exist/);
});
