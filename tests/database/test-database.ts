import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import type {} from './start-postgres.ts';

export interface TestDatabase {
  readonly url: string;
  /** Drops the database. Fails while a connection to it is open: a test closes its pools first. */
  close(): Promise<void>;
}

/** A migrated, empty database of the caller's own: for `beforeAll` of a `*.database.test.ts`. */
export async function testDatabase(): Promise<TestDatabase> {
  const { url, template } = inject('postgres');
  const name = `test_${randomBytes(8).toString('hex')}`;
  // Copied as files: through the log, as Postgres does by default, it is three times the work.
  await execute(url, `create database ${name} template ${template} strategy file_copy`);
  const own = new URL(url);
  own.pathname = name;
  return {
    url: own.href,
    // Not `with (force)`: it cuts connections that a test forgot to close, which surfaces as errors elsewhere.
    close: () => execute(url, `drop database ${name}`),
  };
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
