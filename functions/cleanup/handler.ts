// cleanup: deletes what nobody can see any more, and says what is missing.
// Trigger: timer every hour.   Moves: deployed → purging → purged.
// Hands to: deploy, by the outbox (hostnames nobody has, deletions that came to a halt, alerts).
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
  originConfig,
  readConfig,
} from '@miaobu/shared/runtime/config';
import { createCredentials } from '@miaobu/shared/runtime/credentials';
import { startEventFunction } from '@miaobu/shared/runtime/event-function';
import { forgetHistory } from './forget-history.ts';
import { markPurgeable } from './mark-purgeable.ts';
import { purgeDeployment } from './purge-deployment.ts';
import { removeLeftovers } from './remove-leftovers.ts';
import { resumeTeardowns } from './resume-teardowns.ts';
import { runCleanup } from './run-cleanup.ts';
import { sweepBlobs } from './sweep-blobs.ts';
import { sweepInventory } from './sweep-inventory.ts';

const KEEP_NEWEST = 3;
const GRACE_SECONDS = 24 * 60 * 60;

const config = readConfig([databaseConfig, originConfig, aliyunConfig, objectStoreConfig, edgeConfig, instanceConfig]);
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
  sweeps: {
    swept: sweepBlobs({ store, objectStore, graceSeconds: GRACE_SECONDS }),
    emptied: removeLeftovers({ store, objectStore, edgeStore }),
    orphans: sweepInventory({ store, objectStore, edgeStore, sitesDomain: new URL(config.sitesOrigin).hostname }),
    forgotten: forgetHistory({ store }),
    teardowns: resumeTeardowns({ store }),
  },
  handlers: { 'deployment.purge': purgeDeployment({ store, objectStore, edgeStore }) },
});

startEventFunction({
  name: 'cleanup',
  event: wakeUp,
  credentials,
  run: (_, context) => run(context),
  close: () => database.close(),
});
