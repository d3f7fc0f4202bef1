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
import { getUser } from './account/get-user.ts';
import { apiRoutes } from './api-routes.ts';
import { authenticate } from './authenticate.ts';
import { getDeployment } from './deployments/get-deployment.ts';
import { listDeployments } from './deployments/list-deployments.ts';
import { readDeploymentLogs } from './deployments/read-deployment-logs.ts';
import { createProject } from './projects/create-project.ts';
import { getProject } from './projects/get-project.ts';
import { listProjects } from './projects/list-projects.ts';

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
  routes: (app, log) =>
    apiRoutes(app, {
      authenticate: authenticate(deps),
      assertReady: deps.store.assertReady,
      operations: {
        getUser,
        createProject: createProject({ ...deps, doorbell: fcDoorbell({ ...config.doorbell, ...cloud, log }) }),
        listProjects: listProjects(deps),
        getProject: getProject(deps),
        listDeployments: listDeployments(deps),
        getDeployment: getDeployment(deps),
        readDeploymentLogs: readDeploymentLogs(deps),
      },
    }),
  close: () => database.close(),
});
