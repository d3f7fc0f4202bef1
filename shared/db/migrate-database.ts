import { AppError } from '../kernel/app-error.ts';

/**
 * Applies the numbered SQL files of `directory` that are not applied yet, in order, all in one transaction, and
 * returns their names (without `.sql`). Two at once wait for each other (advisory lock of node-pg-migrate). A file
 * that was applied and is missing or out of order fails before anything is changed.
 *
 * `direction: 'down'` takes back the last `count` migrations (default 1).
 */
export async function migrateDatabase(
  url: string,
  directory: string,
  options: { direction?: 'up' | 'down'; count?: number; log?: (line: string) => void } = {},
): Promise<readonly string[]> {
  // The runner is loaded here and not at start: of all functions only `migrate` needs it.
  const { runner } = await import('node-pg-migrate');
  const report = options.log ?? (() => {});
  // node-pg-migrate expects timestamps as prefixes and complains about 0001, then sorts by the number as we want.
  const log = (line: string) => (line.startsWith("Can't determine timestamp") ? undefined : report(line));
  try {
    const applied = await runner({
      databaseUrl: { connectionString: url, options: '-c client_min_messages=warning' },
      dir: directory,
      direction: options.direction ?? 'up',
      ...(options.direction === 'down' ? { count: options.count ?? 1 } : {}),
      migrationsTable: 'schema_migrations',
      checkOrder: true,
      singleTransaction: true,
      // A file name per migration is enough for a log; the SQL itself is in the repository.
      logger: { debug: () => {}, info: () => {}, warn: log, error: log },
    });
    return applied.map((migration) => migration.name);
  } catch (cause) {
    throw new AppError('database_unavailable', { message: 'the migrations could not be applied', cause });
  }
}
