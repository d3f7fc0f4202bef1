// migrate: applies schema migrations from inside the private network.
// Trigger: synchronous call by a release.
// Moves: nothing.
// Hands to: nobody.
// Fails by: an error; everything is one transaction, so the schema stays as it was.
import path from 'node:path';
import { openDatabase } from '@miaobu/shared/db/database';
import { migrateDatabase } from '@miaobu/shared/db/migrate-database';
import { createSealer } from '@miaobu/shared/model/key/create-sealer';
import { repositories } from '@miaobu/shared/model/repositories';
import { databaseConfig, readConfig, rootKeyConfig } from '@miaobu/shared/runtime/config';
import { startEventFunction } from '@miaobu/shared/runtime/event-function';
import { applyMigrations } from './apply-migrations.ts';
import { migrateEvent } from './migrate-event.ts';
import { seedOperator } from './seed-operator.ts';
import { takeUpInterrupted } from './take-up-interrupted.ts';

const config = readConfig([databaseConfig, rootKeyConfig]);
const database = openDatabase(config.database);
// The release puts the SQL files beside the code; Function Compute starts it there.
const directory = path.resolve('migrations');
const apply = applyMigrations({ migrate: (log) => migrateDatabase(config.database.url, directory, { log }) });
const store = repositories(database);
const sealer = createSealer({ store, rootKeys: config.rootKeys });
const seed = seedOperator({ store, sealer });
const takeUp = takeUpInterrupted({ store });

startEventFunction({
  name: 'migrate',
  event: migrateEvent,
  async run(event, context) {
    const applied = await apply(context);
    // A release with another root key than the database's ends here, before any function has it.
    await sealer.assertOpens();
    await seed(event);
    await takeUp(event);
    return { applied };
  },
  close: () => database.close(),
});
