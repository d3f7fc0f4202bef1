import pg from 'pg';
import { AppError } from '../kernel/app-error.ts';
import { isUnavailable } from './postgres-error.ts';

export interface MigrationOptions {
  readonly direction?: 'up' | 'down';
  /** Default: all missing ones; with `down`, the last one. */
  readonly count?: number;
  readonly log?: (line: string) => void;
}

// An arbitrary number, shared by everything that migrates this database.
const LOCK = 20_407_151;
/** Only numbered files are migrations; the folder's other files document them. */
const NOT_A_MIGRATION = '(?!\\d+_[^/]*\\.sql$).*';

/**
 * Applies the numbered SQL files of `directory` that are not applied yet, in order, in one transaction, and returns their names (without
 * `.sql`). Concurrent runs wait for each other. A missing file, or one numbered before an applied one, fails without changing anything;
 * if only the newest are missing it is no error, so that older code can be released on a newer schema.
 *
 * `direction: 'down'` reverts the last `count` migrations.
 *
 * Throws `database_unavailable`, or `internal` with the statement's error as its cause.
 */
export async function migrateDatabase(
  url: string,
  directory: string,
  options: MigrationOptions = {},
): Promise<readonly string[]> {
  // Loaded here and not at start: only the `migrate` function needs the runner.
  const { runner } = await import('node-pg-migrate');
  const report = options.log ?? (() => {});
  // node-pg-migrate expects timestamps as prefixes and complains about 0001, then sorts by number, as intended.
  const log = (line: string) => (line.startsWith("Can't determine timestamp") ? undefined : report(line));
  const client = new pg.Client({ connectionString: url, options: '-c client_min_messages=warning' });
  // A connection lost between two statements makes the next one fail.
  client.on('error', () => {});
  try {
    await client.connect();
    // node-pg-migrate's own lock fails at once when taken; this one waits, and is released with the connection.
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    const applied = await runner({
      dbClient: client,
      noLock: true,
      dir: directory,
      ignorePattern: NOT_A_MIGRATION,
      direction: options.direction ?? 'up',
      ...(options.count === undefined ? {} : { count: options.count }),
      migrationsTable: 'schema_migrations',
      checkOrder: true,
      singleTransaction: true,
      // A file name per migration is enough for a log; the SQL is in the repository.
      logger: { debug: () => {}, info: () => {}, warn: log, error: log },
    });
    return applied.map((migration) => migration.name);
  } catch (cause) {
    const code = isUnavailable(cause) ? 'database_unavailable' : 'internal';
    throw new AppError(code, { message: 'the migrations could not be applied', cause });
  } finally {
    await client.end();
  }
}
