import type { Database } from '@miaobu/shared/db/database';
import { sql } from '@miaobu/shared/db/sql';

/**
 * A digest of every row of every table, by table, to see that a request changed nothing. Leaves out what every request updates:
 * the buckets of the limits, and when a credential was last used.
 */
export async function digestDatabase(db: Database): Promise<Readonly<Record<string, string>>> {
  const rows = await db.query<{ name: string; digest: string }>(sql`
    select tablename as name,
           md5(query_to_xml(
             format('select to_jsonb(t) - ''last_used_at'' as row from %I t order by 1', tablename), true, true, '')::text
           ) as digest
      from pg_tables
     where schemaname = 'public' and tablename not in ('rate_limits', 'schema_migrations')`);
  return Object.fromEntries(rows.map(({ name, digest }) => [name, digest]));
}
