// Writes migrations/schema.sql: what the migrations make of an empty database.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrateDatabase } from '@miaobu/shared/db/migrate-database';
import { startPostgres } from '../local/postgres/start-postgres.ts';
import { startReaper } from '../local/processes/reaper.ts';
import { describeSchema } from './describe-schema.ts';

const migrations = fileURLToPath(new URL('../migrations', import.meta.url));
const home = mkdtempSync(path.join(tmpdir(), 'miaobu-schema-'));
// When root starts the tests, Postgres runs as another user, who needs access.
chmodSync(home, 0o711);
const reaper = startReaper();
try {
  const postgres = await startPostgres({ directory: path.join(home, 'data'), port: 0 });
  reaper.watch(postgres.pid);
  try {
    await migrateDatabase(postgres.url(), migrations);
    writeFileSync(path.join(migrations, 'schema.sql'), await describeSchema(postgres.url()));
  } finally {
    await postgres.stop();
    reaper.release(postgres.pid);
  }
} finally {
  await reaper.close();
  rmSync(home, { recursive: true, force: true });
}
