import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrateDatabase } from '@miaobu/shared/db/migrate-database';
import { expect, test } from 'vitest';
import { describeSchema } from '../../scripts/describe-schema.ts';
import { emptyDatabase } from './empty-database.ts';

const directory = fileURLToPath(new URL('../../migrations', import.meta.url));
const migrations = readdirSync(directory)
  .filter((file) => /^\d+_.+\.sql$/.test(file))
  .map((file) => file.slice(0, -'.sql'.length))
  .sort();

test('migrations are numbered from 1 without a gap', () => {
  expect(migrations.length).toBeGreaterThan(0);
  expect(migrations.map((name) => name.slice(0, 5))).toEqual(
    migrations.map((_, index) => `${String(index + 1).padStart(4, '0')}_`),
  );
});

test('migrations/schema.sql is what the migrations produce (else run `node scripts/dump-schema.ts`)', async () => {
  const own = await emptyDatabase();
  await migrateDatabase(own.url, directory);
  const schema = readFileSync(path.join(directory, 'schema.sql'), 'utf8');
  expect(await describeSchema(own.url)).toBe(schema);
  await own.close();
});

test('the down part of every migration reverts exactly what its up part did', async () => {
  const own = await emptyDatabase();
  const before: string[] = [];
  for (const name of migrations) {
    before.push(await describeSchema(own.url));
    expect(await migrateDatabase(own.url, directory, { count: 1 })).toEqual([name]);
  }
  expect(new Set(before).size, 'every migration changes the schema').toBe(migrations.length);
  const made = await describeSchema(own.url);

  for (const name of migrations.toReversed()) {
    expect(await migrateDatabase(own.url, directory, { direction: 'down' })).toEqual([name]);
    expect(await describeSchema(own.url), `after taking back ${name}`).toBe(before.pop());
  }
  expect(await migrateDatabase(own.url, directory)).toEqual(migrations);
  expect(await describeSchema(own.url)).toBe(made);
  await own.close();
});
