// webhook: receives GitHub's deliveries.
// Trigger: HTTP, POST /webhooks/github/{project}.
// Moves: ∅ → queued; queued → cancelled (an older push).
// Hands to: deploy, through the outbox and a doorbell.
// Fails by: 401 for a wrong signature or an unknown hook, 503 while Postgres is unavailable or takes 8 s; never 2xx without a commit.
import { fcDoorbell } from '@miaobu/shared/adapters/aliyun/fc-doorbell';
import { openDatabase } from '@miaobu/shared/db/database';
import { createSealer } from '@miaobu/shared/model/key/create-sealer';
import { repositories } from '@miaobu/shared/model/repositories';
import { aliyunConfig, databaseConfig, doorbellConfig, readConfig, rootKeyConfig } from '@miaobu/shared/runtime/config';
import { createCredentials } from '@miaobu/shared/runtime/credentials';
import { startWebFunction } from '@miaobu/shared/runtime/web-function';
import { STATEMENT_SECONDS } from './intake-time.ts';
import { receivePush } from './receive-push.ts';
import { webhookRoutes } from './webhook-routes.ts';

const config = readConfig([databaseConfig, rootKeyConfig, aliyunConfig, doorbellConfig]);
const database = openDatabase({ ...config.database, statementSeconds: STATEMENT_SECONDS });
const store = repositories(database);
const credentials = createCredentials(config.initialCredentials);

startWebFunction({
  name: 'webhook',
  credentials,
  routes: (app, log) =>
    webhookRoutes(app, {
      receivePush: receivePush({
        store,
        sealer: createSealer({ store, rootKeys: config.rootKeys }),
        doorbell: fcDoorbell({ ...config.doorbell, credentials: credentials.current, log }),
      }),
    }),
  close: () => database.close(),
});
