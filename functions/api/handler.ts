// api: the public REST API, which is all that the CLI uses, and the sign-in pages.
// Trigger: HTTP, /api/v1/… (contracts/api.ts).
// Moves: ∅ → queued; queued, cloning, building, uploading → cancelled; deploying → deployed.
// Hands to: deploy, through the outbox and a doorbell.
// Fails by: the error table; other tenants' resources are 404.
import { fcDoorbell } from '@miaobu/shared/adapters/aliyun/fc-doorbell';
import { tablestoreBuildLog } from '@miaobu/shared/adapters/aliyun/tablestore-build-log';
import { githubCodeHost } from '@miaobu/shared/adapters/github/github-code-host';
import { githubLogin } from '@miaobu/shared/adapters/github/github-login';
import { joseTokenSigner } from '@miaobu/shared/adapters/jose/jose-token-signer';
import { openDatabase } from '@miaobu/shared/db/database';
import { sleep } from '@miaobu/shared/kernel/sleep';
import { accessTokens } from '@miaobu/shared/model/account/access-tokens';
import { readGithubToken } from '@miaobu/shared/model/account/read-github-token';
import { readPlatformSecret } from '@miaobu/shared/model/account/read-platform-secret';
import { refreshTokens } from '@miaobu/shared/model/account/refresh-tokens';
import { buildTokens } from '@miaobu/shared/model/build/build-tokens';
import { createSealer } from '@miaobu/shared/model/key/create-sealer';
import { siteAddress } from '@miaobu/shared/model/project/site-address';
import { repositories } from '@miaobu/shared/model/repositories';
import {
  aliyunConfig,
  buildLogConfig,
  corsConfig,
  databaseConfig,
  doorbellConfig,
  githubConfig,
  githubOauthConfig,
  originConfig,
  rateLimitConfig,
  readConfig,
  rootKeyConfig,
} from '@miaobu/shared/runtime/config';
import { createCredentials } from '@miaobu/shared/runtime/credentials';
import { startWebFunction } from '@miaobu/shared/runtime/web-function';
import { apiRoutes } from './api-routes.ts';
import { answerDeviceLogin } from './auth/device-login.ts';
import { sessionByCookie } from './auth/session-by-cookie.ts';
import { authenticate } from './authenticate.ts';
import { answerOnce } from './onion/answer-once.ts';
import { limit } from './onion/limit.ts';
import { openStream } from './onion/open-stream.ts';
import { operations } from './operations.ts';
import { pageRoutes } from './page-routes.ts';

const config = readConfig([
  databaseConfig,
  rootKeyConfig,
  originConfig,
  aliyunConfig,
  doorbellConfig,
  buildLogConfig,
  githubConfig,
  githubOauthConfig,
  corsConfig,
  rateLimitConfig,
]);
const database = openDatabase(config.database);
const credentials = createCredentials(config.initialCredentials);
const cloud = { region: config.region, credentials: credentials.current };
const { controlOrigin } = config;
const store = repositories(database);
const sealer = createSealer({ store, rootKeys: config.rootKeys });
const clientSecret = readPlatformSecret({ store, sealer }, 'github-client-secret');
const login = githubLogin({ ...config.github, ...config.githubOauth, clientSecret });
const deps = {
  store,
  sealer,
  controlOrigin,
  ownOrigins: [controlOrigin, ...config.corsOrigins],
  login,
  readGithubToken: readGithubToken({ store, sealer, login }),
  accessTokens: accessTokens({ store, sealer, signer: joseTokenSigner(), controlOrigin }),
  refreshTokens: refreshTokens(config.rootKeys.current),
  buildTokens: buildTokens(config.rootKeys),
  codeHost: githubCodeHost(config.github),
  buildLog: tablestoreBuildLog({ ...config.buildLog, ...cloud }),
  address: siteAddress(config.sitesOrigin),
  sleep,
};

startWebFunction({
  name: 'api',
  credentials,
  routes(app, log, stopping) {
    const doorbell = fcDoorbell({ ...config.doorbell, ...cloud, log });
    pageRoutes(app, {
      store,
      controlOrigin,
      sessionByCookie: sessionByCookie(deps),
      answerDeviceLogin: answerDeviceLogin(deps),
      limit: limit({ ...deps, scale: config.rateLimitScale }),
    });
    apiRoutes(app, {
      authenticate: authenticate(deps),
      limit: limit({ ...deps, scale: config.rateLimitScale }),
      answerOnce: answerOnce(deps),
      openStream: openStream({ ...deps, stopping }),
      corsOrigins: config.corsOrigins,
      assertReady: deps.store.assertReady,
      operations: operations({ ...deps, doorbell }),
    });
  },
  close: () => database.close(),
});
