import { chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrateDatabase } from '@miaobu/shared/db/migrate-database';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { ensureDatabase } from '../../local/postgres/ensure-database.ts';
import { type Postgres, startPostgres } from '../../local/postgres/start-postgres.ts';
import { startReaper } from '../../local/processes/reaper.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The run's own Postgres, as superuser, and the name of its migrated template. */
    postgres: { readonly url: string; readonly template: string };
  }
}

const template = 'miaobu_template';
/** Where Linux keeps files in memory, and how much of it has to be free: a hundred databases of ten megabytes, and their log. */
const MEMORY = '/dev/shm';
const ENOUGH_BYTES = 2 * 1024 ** 3;
const migrations = fileURLToPath(new URL('../../migrations', import.meta.url));

/** One Postgres for the test run, with one migrated database that `testDatabase()` clones for each test file. */
export default async function startPostgresOfTheRun(project: TestProject): Promise<() => Promise<void>> {
  const home = mkdtempSync(path.join(quickFolder(), 'miaobu-test-postgres-'));
  // When root starts the tests, Postgres runs as another user, who needs access.
  chmodSync(home, 0o711);
  const reaper = startReaper();
  let postgres: Postgres | undefined;
  const stop = async () => {
    await postgres?.stop();
    if (postgres) reaper.release(postgres.pid);
    await reaper.close();
    rmSync(home, { recursive: true, force: true });
  };
  try {
    postgres = await startPostgres({ directory: path.join(home, 'data'), port: 0, maxConnections: 200 });
    reaper.watch(postgres.pid);
    await stopWaitingForTheDisk(postgres.url());
    await ensureDatabase(postgres.url(), template);
    await migrateDatabase(postgres.url(template), migrations);
    await closeToConnections(postgres.url(), template);
    project.provide('postgres', { url: postgres.url(), template });
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Hundreds of databases are created and deleted, a few hundred files each: in memory that is a third of the work. */
function quickFolder(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize > ENOUGH_BYTES ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

/**
 * A test's commits need not survive a power failure, and waiting for the disk takes longer than most statements. What is lost and
 * what survives a crash is tested with a separate Postgres (`tests/crash`).
 */
async function stopWaitingForTheDisk(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes']) {
    await client.query(`alter system set ${setting} = off`);
  }
  await client.query('select pg_reload_conf()');
  await client.end();
}

/** A database can be cloned only while nobody is connected to it. */
async function closeToConnections(url: string, database: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  await client.query(`alter database ${client.escapeIdentifier(database)} allow_connections false`);
  await client.end();
}
