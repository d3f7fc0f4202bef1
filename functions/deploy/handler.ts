// deploy: handles outbox messages, to make external systems match Postgres.
// Trigger: asynchronous call (doorbell), timer every minute.
// Moves: ∅ → queued (a push that was not delivered); cloning, building, uploading → queued (the next attempt); uploading → deploying;
//        deploying → deployed; queued, cloning, building, uploading → cancelled; queued, cloning, building, uploading, deploying → failed.
// Hands to: the build runner; Edge KV, which the edge routine reads; cleanup, through the outbox.
// Fails by: retries with backoff for retryable errors; otherwise a dead letter and a failed deployment.
import { alidnsDnsZone } from '@miaobu/shared/adapters/aliyun/alidns-dns-zone';
import { esaEdgeStore } from '@miaobu/shared/adapters/aliyun/esa-edge-store';
import { esaEdgeZone } from '@miaobu/shared/adapters/aliyun/esa-edge-zone';
import { ossObjectStore } from '@miaobu/shared/adapters/aliyun/oss-object-store';
import { tablestoreBuildLog } from '@miaobu/shared/adapters/aliyun/tablestore-build-log';
import { actionsBuildRunner } from '@miaobu/shared/adapters/github/actions-build-runner';
import { githubCodeHost } from '@miaobu/shared/adapters/github/github-code-host';
import { optionalGithubLogin } from '@miaobu/shared/adapters/github/github-login';
import { httpSiteProbe } from '@miaobu/shared/adapters/node/http-site-probe';
import { webhookAlertChannel } from '@miaobu/shared/adapters/node/webhook-alert-channel';
import { wakeUp } from '@miaobu/shared/contracts/messages';
import { openDatabase } from '@miaobu/shared/db/database';
import { outbox } from '@miaobu/shared/db/outbox';
import { sleep } from '@miaobu/shared/kernel/sleep';
import { readGithubToken } from '@miaobu/shared/model/account/read-github-token';
import { readPlatformSecret } from '@miaobu/shared/model/account/read-platform-secret';
import { buildTokens } from '@miaobu/shared/model/build/build-tokens';
import { createSealer } from '@miaobu/shared/model/key/create-sealer';
import { siteAddress } from '@miaobu/shared/model/project/site-address';
import { repositories } from '@miaobu/shared/model/repositories';
import {
  alertConfig,
  aliyunConfig,
  buildLogConfig,
  buildRunnerConfig,
  databaseConfig,
  dnsConfig,
  edgeConfig,
  githubConfig,
  githubRenewalConfig,
  instanceConfig,
  objectStoreConfig,
  originConfig,
  probeConfig,
  readConfig,
  rootKeyConfig,
} from '@miaobu/shared/runtime/config';
import { createCredentials } from '@miaobu/shared/runtime/credentials';
import { startEventFunction } from '@miaobu/shared/runtime/event-function';
import { duties } from './duties.ts';
import { runDeploy } from './run-deploy.ts';
import { topicHandlers } from './topic-handlers.ts';

const config = readConfig([
  databaseConfig,
  rootKeyConfig,
  originConfig,
  aliyunConfig,
  objectStoreConfig,
  edgeConfig,
  dnsConfig,
  githubConfig,
  githubRenewalConfig,
  buildRunnerConfig,
  buildLogConfig,
  alertConfig,
  probeConfig,
  instanceConfig,
]);
const database = openDatabase(config.database);
const credentials = createCredentials(config.initialCredentials);
const cloud = { region: config.region, credentials: credentials.current };
const store = repositories(database);
const sealer = createSealer({ store, rootKeys: config.rootKeys });
const { controlOrigin, alertUrl } = config;

const run = runDeploy({
  outbox: outbox(database),
  store,
  owner: config.instanceId,
  monotonicMs: () => performance.now(),
  sleep,
  duties: duties({ store }),
  handlers: topicHandlers({
    store,
    sealer,
    rootKeys: config.rootKeys,
    tokens: buildTokens(config.rootKeys),
    readGithubToken: readGithubToken({
      store,
      sealer,
      login: optionalGithubLogin({
        ...config.github,
        oauth: config.githubOauth,
        clientSecret: readPlatformSecret({ store, sealer }, 'github-client-secret'),
      }),
    }),
    codeHost: githubCodeHost(config.github),
    buildRunner: actionsBuildRunner({
      ...config.github,
      ...config.buildRunner,
      token: readPlatformSecret({ store, sealer }, 'github-actions-token'),
    }),
    objectStore: ossObjectStore({ ...config.objectStore, ...cloud }),
    edgeStore: esaEdgeStore({ ...config.edge, ...cloud }),
    edgeZone: esaEdgeZone({ ...config.edge, ...cloud }),
    dnsZone: alidnsDnsZone({ ...config.dns, ...cloud }),
    buildLog: tablestoreBuildLog({ ...config.buildLog, ...cloud }),
    siteProbe: httpSiteProbe(config),
    alertChannel: alertUrl === undefined ? undefined : webhookAlertChannel({ url: alertUrl }),
    address: siteAddress(config.sitesOrigin),
    controlOrigin,
    originBucketDomain: `${config.objectStore.bucket}.oss-${config.region}.aliyuncs.com`,
    now: () => new Date(),
    monotonicMs: () => performance.now(),
  }),
});

startEventFunction({
  name: 'deploy',
  event: wakeUp,
  credentials,
  run: (_, context) => run(context),
  close: () => database.close(),
});
