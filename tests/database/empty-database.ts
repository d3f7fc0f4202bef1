import pg from 'pg';
import { type TestDatabase, testDatabase } from './test-database.ts';

/** The caller's own database, not yet migrated. */
export async function emptyDatabase(): Promise<TestDatabase> {
  const own = await testDatabase();
  const client = new pg.Client({ connectionString: own.url, options: '-c client_min_messages=warning' });
  await client.connect();
  await client.query('drop schema public cascade; create schema public');
  await client.end();
  return own;
}
