// build-callback: everything the builder asks of the platform.
// Trigger: HTTP, /builds/v1/… (contracts/build-job.ts).
// Moves: queued → cloning; cloning → building; queued, cloning, building → uploading; uploading → deploying;
//        cloning, building, uploading → failed.
// Hands to: deploy, through the outbox and a doorbell, once everything is uploaded.
// Fails by: 401 for another attempt's token, 409 when the attempt is over; late reports get 200 and change nothing.
import { fcDoorbell } from '@miaobu/shared/adapters/aliyun/fc-doorbell';
import { ossObjectStore } from '@miaobu/shared/adapters/aliyun/oss-object-store';
import { tablestoreBuildLog } from '@miaobu/shared/adapters/aliyun/tablestore-build-log';
import { githubCodeHost } from '@miaobu/shared/adapters/github/github-code-host';
import { optionalGithubLogin } from '@miaobu/shared/adapters/github/github-login';
import { openDatabase } from '@miaobu/shared/db/database';
import { readGithubToken } from '@miaobu/shared/model/account/read-github-token';
import { readPlatformSecret } from '@miaobu/shared/model/account/read-platform-secret';
import { buildTokens } from '@miaobu/shared/model/build/build-tokens';
import { createSealer } from '@miaobu/shared/model/key/create-sealer';
import { repositories } from '@miaobu/shared/model/repositories';
import {
  aliyunConfig,
  buildLogConfig,
  databaseConfig,
  doorbellConfig,
  githubConfig,
  githubRenewalConfig,
  objectStoreConfig,
  readConfig,
  rootKeyConfig,
} from '@miaobu/shared/runtime/config';
import { createCredentials } from '@miaobu/shared/runtime/credentials';
import { startWebFunction } from '@miaobu/shared/runtime/web-function';
import { appendLog } from './append-log.ts';
import { authenticateRunner } from './authenticate-runner.ts';
import { buildCallbackRoutes } from './build-callback-routes.ts';
import { grantPublication } from './grant-publication.ts';
import { recordReport } from './record-report.ts';
import { redeemTicket } from './redeem-ticket.ts';
import { requestManifestUpload, requestUploads } from './request-uploads.ts';

const config = readConfig([
  databaseConfig,
  rootKeyConfig,
  aliyunConfig,
  doorbellConfig,
  objectStoreConfig,
  buildLogConfig,
  githubConfig,
  githubRenewalConfig,
]);
const database = openDatabase(config.database);
const credentials = createCredentials(config.initialCredentials);
const cloud = { region: config.region, credentials: credentials.current };
const store = repositories(database);
const sealer = createSealer({ store, rootKeys: config.rootKeys });
const tokens = buildTokens(config.rootKeys);
const runner = { authenticateRunner: authenticateRunner({ store }), store, tokens };
const buildLog = tablestoreBuildLog({ ...config.buildLog, ...cloud });
const objectStore = ossObjectStore({ ...config.objectStore, ...cloud });
const readToken = readGithubToken({
  store,
  sealer,
  login: optionalGithubLogin({
    ...config.github,
    oauth: config.githubOauth,
    clientSecret: readPlatformSecret({ store, sealer }, 'github-client-secret'),
  }),
});

startWebFunction({
  name: 'build-callback',
  credentials,
  routes(app, log) {
    const doorbell = fcDoorbell({ ...config.doorbell, ...cloud, log });
    buildCallbackRoutes(app, {
      redeemTicket: redeemTicket({
        store,
        tokens,
        sealer,
        readGithubToken: readToken,
        codeHost: githubCodeHost(config.github),
        buildLog,
        doorbell,
      }),
      appendLog: appendLog({ ...runner, buildLog }),
      recordReport: recordReport({ ...runner, doorbell }),
      grantPublication: grantPublication(runner),
      requestUploads: requestUploads({ ...runner, objectStore }),
      requestManifestUpload: requestManifestUpload({ ...runner, objectStore }),
    });
  },
  close: () => database.close(),
});
