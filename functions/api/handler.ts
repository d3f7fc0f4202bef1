// api: the public REST API; dashboard, CLI and scripts use nothing else.
// Trigger: HTTP, /api/v1/… (contracts/api.ts).   Moves: ∅ → queued (an import deploys).
// Hands to: deploy, by the outbox and a doorbell.
// Fails by: the error table; what belongs to another is 404.
import { fcDoorbell } from '@miaobu/shared/adapters/aliyun/fc-doorbell';
import { tablestoreBuildLog } from '@miaobu/shared/adapters/aliyun/tablestore-build-log';
import { githubCodeHost } from '@miaobu/shared/adapters/github/github-code-host';
import { openDatabase } from '@miaobu/shared/db/database';
import { createSealer } from '@miaobu/shared/kernel/seal';
import { siteAddress } from '@miaobu/shared/model/project/site-address';
import { repositories } from '@miaobu/shared/model/repositories';
import {
  aliyunConfig,
  buildLogConfig,
  databaseConfig,
  doorbellConfig,
  githubConfig,
  originConfig,
  readConfig,
  rootKeyConfig,
} from '@miaobu/shared/runtime/config';
import { createCredentials } from '@miaobu/shared/runtime/credentials';
import { startWebFunction } from '@miaobu/shared/runtime/web-function';
import { apiRoutes } from './api-routes.ts';
import { authenticate } from './authenticate.ts';
import { operations } from './operations.ts';

const config = readConfig([
  databaseConfig,
  rootKeyConfig,
  originConfig,
  aliyunConfig,
  doorbellConfig,
  buildLogConfig,
  githubConfig,
]);
const database = openDatabase(config.database);
const credentials = createCredentials(config.initialCredentials);
const cloud = { region: config.region, credentials: credentials.current };
const deps = {
  store: repositories(database),
  sealer: createSealer(config.rootKey),
  codeHost: githubCodeHost(config.github),
  buildLog: tablestoreBuildLog({ ...config.buildLog, ...cloud }),
  address: siteAddress(config.sitesOrigin),
};

startWebFunction({
  name: 'api',
  credentials,
  routes(app, log, stopping) {
    const doorbell = fcDoorbell({ ...config.doorbell, ...cloud, log });
    apiRoutes(app, {
      authenticate: authenticate(deps),
      assertReady: deps.store.assertReady,
      stopping,
      operations: operations({ ...deps, doorbell }),
    });
  },
  close: () => database.close(),
});
