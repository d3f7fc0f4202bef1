import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { migrateDatabase } from '@miaobu/shared/db/migrate-database';
import { ensureDatabase } from '../../local/postgres/ensure-database.ts';
import { startPostgres } from '../../local/postgres/start-postgres.ts';
import { startReaper } from '../../local/processes/reaper.ts';
import { newHome } from '../measuring/bench-platform.ts';
import { endWithBench } from '../measuring/end-with-bench.ts';

const migrations = path.resolve(import.meta.dirname, '..', '..', 'migrations');

/** A Postgres for one measurement, as the platform's own: a commit is on the disk before it is answered. */
export interface EnginePostgres {
  /** Where files of the measurement go. */
  readonly home: string;
  /** The URL of a new database without anything in it. */
  emptyDatabase(): Promise<string>;
  /** The URL of a new database with our schema. */
  migratedDatabase(): Promise<string>;
}

export async function withPostgres<T>(use: (postgres: EnginePostgres) => Promise<T>): Promise<T> {
  const home = newHome();
  mkdirSync(home);
  // When root starts the tests, Postgres runs as another user, who needs access.
  chmodSync(home, 0o711);
  const reaper = startReaper();
  const postgres = await startPostgres({
    directory: path.join(home, 'postgres'),
    port: 0,
    started: (pid) => reaper.watch(pid),
  });
  const end = endWithBench(async () => {
    await postgres.stop();
    reaper.release(postgres.pid);
    await reaper.close();
    rmSync(home, { recursive: true, force: true });
  });
  let databases = 0;
  const emptyDatabase = async () => {
    databases += 1;
    const name = `engine_${databases}`;
    await ensureDatabase(postgres.url(), name);
    return postgres.url(name);
  };
  try {
    return await use({
      home,
      emptyDatabase,
      async migratedDatabase() {
        const url = await emptyDatabase();
        await migrateDatabase(url, migrations);
        return url;
      },
    });
  } finally {
    await end();
  }
}
