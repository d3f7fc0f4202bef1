import pg from 'pg';
import { AppError } from '../kernel/app-error.ts';
import { isUnavailable } from './postgres-error.ts';

export interface MigrationOptions {
  readonly direction?: 'up' | 'down';
  /** Default: all that are missing, or, downwards, the last one. */
  readonly count?: number;
  readonly log?: (line: string) => void;
}

// Any number, the same for whoever migrates this database.
const LOCK = 20_407_151;
/** The numbered files; other files of the folder are about them. */
const NOT_A_MIGRATION = '(?!\\d+_[^/]*\\.sql$).*';

/**
 * Applies the numbered SQL files of `directory` that are not applied yet, in order, all in one transaction, and
 * returns their names (without `.sql`). Two at once wait for each other. A file before one that was applied already
 * fails (as does one that is missing there), and nothing is changed; that the newest are missing is no error, so that
 * older code can be released on a newer schema.
 *
 * `direction: 'down'` takes back the last `count` migrations.
 *
 * Throws `database_unavailable`, or `internal` with the statement's error as its cause.
 */
export async function migrateDatabase(
  url: string,
  directory: string,
  options: MigrationOptions = {},
): Promise<readonly string[]> {
  // The runner is loaded here and not at start: of all functions only `migrate` needs it.
  const { runner } = await import('node-pg-migrate');
  const report = options.log ?? (() => {});
  // node-pg-migrate expects timestamps as prefixes and complains about 0001, then sorts by the number as we want.
  const log = (line: string) => (line.startsWith("Can't determine timestamp") ? undefined : report(line));
  const client = new pg.Client({ connectionString: url, options: '-c client_min_messages=warning' });
  // What is lost between two statements is told by the next one.
  client.on('error', () => {});
  try {
    await client.connect();
    // node-pg-migrate's own lock gives up at once when somebody has it; this one waits, and ends with the connection.
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
      // A file name per migration is enough for a log; the SQL itself is in the repository.
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
