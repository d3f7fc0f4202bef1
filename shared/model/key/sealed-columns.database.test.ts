import { sql } from '@miaobu/shared/db/sql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestStore, type TestStore } from '../../../tests/database/prepare-deployment.ts';
import { type StoredSecrets, storeEverySecret } from '../../../tests/database/store-every-secret.ts';
import { sealedColumns } from './sealed-columns.ts';

let stored: TestStore;
let everything: StoredSecrets;

beforeAll(async () => {
  stored = await openTestStore();
  everything = await storeEverySecret(stored);
});
afterAll(() => stored.close());

const names: readonly string[] = sealedColumns.map(({ name }) => name).sort();

/** Columns of the schema, as `table.column`. */
const columns = async () =>
  (
    await stored.db.query<{ name: string }>(sql`
      select table_name || '.' || column_name as name from information_schema.columns
       where table_schema = 'public' order by 1`)
  ).map(({ name }) => name);

test('every column whose name says sealed is resealed when keys are rotated', async () => {
  const called = (await columns()).filter((name) => /sealed/.test(name));
  expect(called.length).toBeGreaterThan(5);
  expect(called.filter((name) => !names.includes(name))).toEqual([]);
});

test('no other column holds a sealed value, and each of these does once every kind of secret is stored', async () => {
  const rows = await stored.db.query<{ table: string; row: Record<string, unknown> }>(sql`
    select t.table_name as table, x.row
      from information_schema.tables t,
           lateral (select xml.row from xmltable('//row' passing
                      query_to_xml(format('select to_jsonb(r)::text as whole from %I r', t.table_name), false, false, '')
                      columns row jsonb path 'whole') as xml) x
     where t.table_schema = 'public' and t.table_type = 'BASE TABLE'`);
  const holding = new Set(
    rows.flatMap(({ table, row }) =>
      Object.entries(row)
        .filter(([, value]) => /v[12]\.[0-9a-f-]{36}\.[\w-]{30}/.test(JSON.stringify(value)))
        .map(([column]) => `${table}.${column}`),
    ),
  );
  expect([...holding].sort()).toEqual(names);
});

test('stored secrets are nowhere readable in the database, and read back correctly', async () => {
  expect(await everything.read(stored.sealer)).toEqual(everything.secrets);
  const [dump] = await stored.db.query<{ all: string }>(sql`
    select string_agg(query_to_xml(format('select to_jsonb(r)::text as whole from %I r', table_name), false, false, '')::text, '') as all
      from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`);
  const all = dump?.all ?? '';
  // The rows are included, with bytes in hexadecimal.
  expect(all).toContain('webhook_secret_sealed');
  for (const secret of [...Object.values(everything.secrets), stored.rootKey]) {
    const bytes = Buffer.from(secret);
    const base64 = [0, 1, 2].map((shift) =>
      Buffer.concat([Buffer.alloc(shift), bytes])
        .toString('base64url')
        .slice(4, -4),
    );
    for (const form of [secret, bytes.toString('hex'), ...base64]) expect(all).not.toContain(form);
  }
});
