// cleanup: deletes deployments and files that nobody can see any more, and reports missing ones.
// Trigger: timer every hour.
// Moves: deployed → purging; purging → purged.
// Hands to: deploy, through the outbox (orphaned hostnames, stalled deletions, alerts).
// Fails by: logging; marked deployments stay marked, and the next round continues.
import { esaEdgeStore } from '@miaobu/shared/adapters/aliyun/esa-edge-store';
import { ossObjectStore } from '@miaobu/shared/adapters/aliyun/oss-object-store';
import { wakeUp } from '@miaobu/shared/contracts/messages';
import { openDatabase } from '@miaobu/shared/db/database';
import { outbox } from '@miaobu/shared/db/outbox';
import { sleep } from '@miaobu/shared/kernel/sleep';
import { repositories } from '@miaobu/shared/model/repositories';
import {
  aliyunConfig,
  databaseConfig,
  edgeConfig,
  instanceConfig,
  objectStoreConfig,
  originConfig,
  readConfig,
} from '@miaobu/shared/runtime/config';
import { createCredentials } from '@miaobu/shared/runtime/credentials';
import { startEventFunction } from '@miaobu/shared/runtime/event-function';
import { markPurgeable } from './mark-purgeable.ts';
import { purgeDeployment } from './purge-deployment.ts';
import { retention } from './retention.ts';
import { runCleanup } from './run-cleanup.ts';
import { sweeps } from './sweeps.ts';

const config = readConfig([databaseConfig, originConfig, aliyunConfig, objectStoreConfig, edgeConfig, instanceConfig]);
const database = openDatabase(config.database);
const credentials = createCredentials(config.initialCredentials);
const cloud = { region: config.region, credentials: credentials.current };
const store = repositories(database);
const objectStore = ossObjectStore({ ...config.objectStore, ...cloud });
const edgeStore = esaEdgeStore({ ...config.edge, ...cloud });

const monotonicMs = () => performance.now();

const run = runCleanup({
  outbox: outbox(database),
  store,
  owner: config.instanceId,
  monotonicMs,
  sleep,
  timeLimit: (ms) => AbortSignal.timeout(ms),
  markPurgeable: markPurgeable({ store, retention }),
  sweeps: sweeps({
    store,
    objectStore,
    edgeStore,
    retention,
    sitesDomain: new URL(config.sitesOrigin).hostname,
    monotonicMs,
  }),
  handlers: { 'deployment.purge': purgeDeployment({ store, objectStore, edgeStore }) },
});

startEventFunction({
  name: 'cleanup',
  event: wakeUp,
  credentials,
  run: (_, context) => run(context),
  close: () => database.close(),
});
