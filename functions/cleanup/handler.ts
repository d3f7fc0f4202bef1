// cleanup: deletes what nobody can see any more.
// Trigger: timer every hour.   Moves: deployed → purging → purged.
// Hands to: nobody.
// Fails by: logging; what was marked stays marked, and the next round goes on.
import { setTimeout as sleep } from 'node:timers/promises';
import { esaEdgeStore } from '@miaobu/shared/adapters/aliyun/esa-edge-store';
import { ossObjectStore } from '@miaobu/shared/adapters/aliyun/oss-object-store';
import { wakeUp } from '@miaobu/shared/contracts/messages';
import { openDatabase } from '@miaobu/shared/db/database';
import { outbox } from '@miaobu/shared/db/outbox';
import { repositories } from '@miaobu/shared/model/repositories';
import {
  aliyunConfig,
  databaseConfig,
  edgeConfig,
  instanceConfig,
  objectStoreConfig,
  readConfig,
} from '@miaobu/shared/runtime/config';
import { createCredentials } from '@miaobu/shared/runtime/credentials';
import { startEventFunction } from '@miaobu/shared/runtime/event-function';
import { markPurgeable } from './mark-purgeable.ts';
import { purgeDeployment } from './purge-deployment.ts';
import { runCleanup } from './run-cleanup.ts';
import { sweepBlobs } from './sweep-blobs.ts';

const KEEP_NEWEST = 3;
const GRACE_SECONDS = 24 * 60 * 60;

const config = readConfig([databaseConfig, aliyunConfig, objectStoreConfig, edgeConfig, instanceConfig]);
const database = openDatabase(config.database);
const credentials = createCredentials(config.initialCredentials);
const cloud = { region: config.region, credentials: credentials.current };
const store = repositories(database);
const objectStore = ossObjectStore({ ...config.objectStore, ...cloud });
const edgeStore = esaEdgeStore({ ...config.edge, ...cloud });

const run = runCleanup({
  outbox: outbox(database),
  store,
  owner: config.instanceId,
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
  markPurgeable: markPurgeable({ store, retention: { keep: KEEP_NEWEST, graceSeconds: GRACE_SECONDS } }),
  sweepBlobs: sweepBlobs({ store, objectStore, graceSeconds: GRACE_SECONDS }),
  handlers: { 'deployment.purge': purgeDeployment({ store, objectStore, edgeStore }) },
});

startEventFunction({
  name: 'cleanup',
  event: wakeUp,
  credentials,
  run: (_, context) => run(context),
  close: () => database.close(),
});
