import pg from 'pg';

const DUPLICATE_DATABASE = '42P04';
/** Two that create it at the same moment: one of them meets the unique index of the catalog. */
const UNIQUE_VIOLATION = '23505';

/** Creates the database `name` unless it exists. `url` is a superuser's, of any database of the server. */
export async function ensureDatabase(url: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(`create database ${client.escapeIdentifier(name)}`);
  } catch (error) {
    const { code } = error as pg.DatabaseError;
    if (code !== DUPLICATE_DATABASE && code !== UNIQUE_VIOLATION) throw error;
  } finally {
    await client.end();
  }
}
