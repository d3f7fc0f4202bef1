import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyDatabase } from '../../tests/database/empty-database.ts';
import type { TestDatabase } from '../../tests/database/test-database.ts';
import { openDatabase } from './database.ts';
import { migrateDatabase } from './migrate-database.ts';
import { sql } from './sql.ts';

let own: TestDatabase;
let directory: string;

beforeEach(async () => {
  own = await emptyDatabase();
  directory = mkdtempSync(path.join(tmpdir(), 'miaobu-migrations-'));
});
afterEach(async () => {
  rmSync(directory, { recursive: true });
  await own.close();
});

function migration(name: string, up: string, down: string): string {
  writeFileSync(path.join(directory, `${name}.sql`), `-- Up Migration\n${up}\n-- Down Migration\n${down}\n`);
  return name;
}
const table = (name: string) => migration(name, `create table t${name} (n int);`, `drop table t${name};`);
const remove = (name: string) => rmSync(path.join(directory, `${name}.sql`));

async function tables(): Promise<string[]> {
  const db = openDatabase({ url: own.url, poolSize: 1 });
  const rows = await db.query<{ name: string }>(
    sql`select relname as name from pg_class where relkind = 'r' and relname like 't000%' order by relname`,
  );
  await db.close();
  return rows.map(({ name }) => name);
}

test('migrations are applied once, in numerical order; new ones later', async () => {
  const [second, first] = [migration('0002_b', 'alter table base add m int;', ''), '0001_a'];
  migration(first, 'create table base (n int);', '');
  expect(await migrateDatabase(own.url, directory)).toEqual([first, second]);
  expect(await migrateDatabase(own.url, directory)).toEqual([]);
  const tenth = table('0010_c');
  expect(await migrateDatabase(own.url, directory)).toEqual([tenth]);
});

test('down reverts the last migration, or as many as requested; up applies them again', async () => {
  const [a, b, c] = [table('0001_a'), table('0002_b'), table('0003_c')];
  await migrateDatabase(own.url, directory);
  expect(await migrateDatabase(own.url, directory, { direction: 'down' })).toEqual([c]);
  expect(await tables()).toEqual([`t${a}`, `t${b}`]);
  expect(await migrateDatabase(own.url, directory, { direction: 'down', count: 2 })).toEqual([b, a]);
  expect(await tables()).toEqual([]);
  expect(await migrateDatabase(own.url, directory)).toEqual([a, b, c]);
  expect(await tables()).toEqual([`t${a}`, `t${b}`, `t${c}`]);
});

test('when several run at once one applies each migration, and the others wait and find nothing left', async () => {
  const slow = migration('0001_slow', 'create table t0001_slow (n int); select pg_sleep(0.2);', '');
  const next = table('0002_next');
  const all = await Promise.all([1, 2, 3].map(() => migrateDatabase(own.url, directory)));
  expect(all.map((applied) => applied.join()).sort()).toEqual(['', '', `${slow},${next}`]);
  expect(await tables()).toEqual(['t0001_slow', 't0002_next']);
});

test('one failing statement leaves everything unchanged, and its error is the cause', async () => {
  table('0001_good');
  migration('0002_wrong', 'create table t0002_wrong (n int); select nonsense;', '');
  const failing = migrateDatabase(own.url, directory);
  await expect(failing).rejects.toMatchObject({ code: 'internal', cause: { code: '42703' } });
  expect(await tables()).toEqual([]);
  migration('0002_wrong', 'create table t0002_right (n int);', '');
  await migrateDatabase(own.url, directory);
  expect(await tables()).toEqual(['t0001_good', 't0002_right']);
});

test('a migration before an applied one is refused, and so is a gap among the applied ones', async () => {
  table('0002_b');
  await migrateDatabase(own.url, directory);
  table('0001_late');
  await expect(migrateDatabase(own.url, directory)).rejects.toMatchObject({ code: 'internal' });
  remove('0001_late');
  table('0003_c');
  await migrateDatabase(own.url, directory);
  remove('0002_b');
  table('0004_d');
  await expect(migrateDatabase(own.url, directory)).rejects.toMatchObject({ code: 'internal' });
  expect(await tables()).toEqual(['t0002_b', 't0003_c']);
});

test('older code accepts a newer schema', async () => {
  table('0001_a');
  table('0002_b');
  await migrateDatabase(own.url, directory);
  remove('0002_b');
  expect(await migrateDatabase(own.url, directory)).toEqual([]);
  expect(await tables()).toEqual(['t0001_a', 't0002_b']);
});

test('files that are not numbered SQL are ignored', async () => {
  const only = table('0001_a');
  for (const name of ['README.md', 'schema.sql', '0002_notes.md', '.0003_hidden.sql', '0004_old.sql.orig']) {
    writeFileSync(path.join(directory, name), 'not SQL at all');
  }
  expect(await migrateDatabase(own.url, directory)).toEqual([only]);
});

test('only problems are logged', async () => {
  table('0001_a');
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  await migrateDatabase(own.url, directory, { log });
  expect(lines).toEqual([]);
  migration('0002_wrong', 'select nonsense;', '');
  await migrateDatabase(own.url, directory, { log }).catch(() => {});
  expect(lines.join('\n')).toContain('column "nonsense" does not exist');
});

test('a database that does not answer is database_unavailable', async () => {
  const away = new URL(own.url);
  away.port = '1';
  await expect(migrateDatabase(away.href, directory)).rejects.toMatchObject({ code: 'database_unavailable' });
});
