// deploy: works the outbox, so that what Postgres wants becomes true outside.
// Trigger: asynchronous call (doorbell), timer every minute.   Moves: ∅ → queued (a push that was found), deploying → deployed, and to failed.
// Hands to: the build runner; Edge KV, from where the edge routine takes over.
// Fails by: retry with backoff while an error is retryable; else the message is dead and the deployment failed.
import { setTimeout as sleep } from 'node:timers/promises';
import { alidnsDnsZone } from '@miaobu/shared/adapters/aliyun/alidns-dns-zone';
import { esaEdgeStore } from '@miaobu/shared/adapters/aliyun/esa-edge-store';
import { esaEdgeZone } from '@miaobu/shared/adapters/aliyun/esa-edge-zone';
import { ossObjectStore } from '@miaobu/shared/adapters/aliyun/oss-object-store';
import { tablestoreBuildLog } from '@miaobu/shared/adapters/aliyun/tablestore-build-log';
import { actionsBuildRunner } from '@miaobu/shared/adapters/github/actions-build-runner';
import { githubCodeHost } from '@miaobu/shared/adapters/github/github-code-host';
import { githubLogin } from '@miaobu/shared/adapters/github/github-login';
import { httpSiteProbe } from '@miaobu/shared/adapters/node/http-site-probe';
import { webhookAlertChannel } from '@miaobu/shared/adapters/node/webhook-alert-channel';
import { wakeUp } from '@miaobu/shared/contracts/messages';
import { openDatabase } from '@miaobu/shared/db/database';
import { outbox } from '@miaobu/shared/db/outbox';
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
import { activateDeployment } from './activate-deployment.ts';
import { cancelRun } from './cancel-run.ts';
import { connectHook } from './connect-hook.ts';
import { connectHostname } from './connect-hostname.ts';
import { findHooksInUse } from './find-hooks-in-use.ts';
import { findOverdue } from './find-overdue.ts';
import { findUnconfirmed } from './find-unconfirmed.ts';
import { findUnsynced } from './find-unsynced.ts';
import { probeRoute } from './probe-route.ts';
import { publishRoute } from './publish-route.ts';
import { purgeCache } from './purge-cache.ts';
import { redeliverFailed } from './redeliver-failed.ts';
import { renewKeys } from './renew-keys.ts';
import { requestScrub } from './request-scrub.ts';
import { rescueDeployment } from './rescue-deployment.ts';
import { resealValues } from './reseal-values.ts';
import { rewrapKeys } from './rewrap-keys.ts';
import { runDeploy } from './run-deploy.ts';
import { scrubRoutes } from './scrub-routes.ts';
import { sendAlert } from './send-alert.ts';
import { showCommitStatus } from './show-commit-status.ts';
import { startBuild } from './start-build.ts';
import { syncBranch } from './sync-branch.ts';
import { teardownProject } from './teardown-project.ts';

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
const codeHost = githubCodeHost(config.github);
const readToken = readGithubToken({
  store,
  sealer,
  login:
    config.githubOauth &&
    githubLogin({
      ...config.github,
      ...config.githubOauth,
      clientSecret: readPlatformSecret({ store, sealer }, 'github-client-secret'),
    }),
});
const buildRunner = actionsBuildRunner({
  ...config.github,
  ...config.buildRunner,
  token: readPlatformSecret({ store, sealer }, 'github-actions-token'),
});
const objectStore = ossObjectStore({ ...config.objectStore, ...cloud });
const edgeStore = esaEdgeStore({ ...config.edge, ...cloud });
const edgeZone = esaEdgeZone({ ...config.edge, ...cloud });
const dnsZone = alidnsDnsZone({ ...config.dns, ...cloud });
const buildLog = tablestoreBuildLog({ ...config.buildLog, ...cloud });
const { controlOrigin, alertUrl } = config;
const alertChannel = alertUrl === undefined ? undefined : webhookAlertChannel({ url: alertUrl });
const originBucketDomain = `${config.objectStore.bucket}.oss-${config.region}.aliyuncs.com`;

const run = runDeploy({
  outbox: outbox(database),
  store,
  owner: config.instanceId,
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
  findOverdue: findOverdue({ store }),
  duties: {
    'find-unsynced': findUnsynced({ store }),
    'find-hooks-in-use': findHooksInUse({ store }),
    'request-scrub': requestScrub({ store }),
    'find-unconfirmed': findUnconfirmed({ store }),
    'renew-keys': renewKeys({ store }),
  },
  handlers: {
    'hostname.connect': connectHostname({ store, edgeStore, edgeZone, dnsZone, originBucketDomain }),
    'hook.connect': connectHook({ store, sealer, readGithubToken: readToken, codeHost, controlOrigin }),
    'hook.redeliver': redeliverFailed({ store, readGithubToken: readToken, codeHost, now: () => new Date() }),
    'branch.sync': syncBranch({ store, readGithubToken: readToken, codeHost }),
    'build.start': startBuild({ store, tokens: buildTokens(config.rootKeys), buildRunner, controlOrigin }),
    'run.cancel': cancelRun({ store, buildRunner }),
    'deployment.rescue': rescueDeployment({ store, buildRunner, objectStore }),
    'deployment.activate': activateDeployment({ store, objectStore, edgeStore }),
    'route.publish': publishRoute({ store, edgeStore }),
    'route.scrub': scrubRoutes({ store, edgeStore }),
    'route.probe': probeRoute({ store, siteProbe: httpSiteProbe(config) }),
    'cache.purge': purgeCache({ edgeZone }),
    'commit.status': showCommitStatus({
      store,
      readGithubToken: readToken,
      codeHost,
      address: siteAddress(config.sitesOrigin),
    }),
    'alert.send': sendAlert({ store, alertChannel }),
    'keys.rewrap': rewrapKeys({ store, rootKeys: config.rootKeys }),
    'keys.reseal': resealValues({ store, sealer }),
    'project.teardown': teardownProject({
      ...{ store, readGithubToken: readToken, codeHost, controlOrigin },
      ...{ objectStore, edgeStore, edgeZone, dnsZone, buildLog },
    }),
  },
});

startEventFunction({
  name: 'deploy',
  event: wakeUp,
  credentials,
  run: (_, context) => run(context),
  close: () => database.close(),
});
