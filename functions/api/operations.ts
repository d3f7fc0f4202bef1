import type { Sealer } from '@miaobu/shared/kernel/seal';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { BuildLog } from '@miaobu/shared/ports/build-log';
import type { CodeHost } from '@miaobu/shared/ports/code-host';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import { getUser } from './account/get-user.ts';
import { getDeadLetter } from './dead-letters/get-dead-letter.ts';
import { listDeadLetters } from './dead-letters/list-dead-letters.ts';
import { discardDeadLetter, replayDeadLetter } from './dead-letters/resolve-dead-letter.ts';
import { cancelDeployment } from './deployments/cancel-deployment.ts';
import { getDeployment } from './deployments/get-deployment.ts';
import { listDeployments } from './deployments/list-deployments.ts';
import { readDeploymentLogs } from './deployments/read-deployment-logs.ts';
import type { Operations } from './operation.ts';
import { createProject } from './projects/create-project.ts';
import { deleteProject } from './projects/delete-project.ts';
import { getProject } from './projects/get-project.ts';
import { listProjects } from './projects/list-projects.ts';

import { createApiToken } from './tokens/create-api-token.ts';
import { listApiTokens } from './tokens/list-api-tokens.ts';
import { revokeApiToken } from './tokens/revoke-api-token.ts';
import { rotateApiToken } from './tokens/rotate-api-token.ts';

export interface Deps {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly codeHost: Pick<CodeHost, 'getRepository' | 'getBranchHead'>;
  readonly buildLog: Pick<BuildLog, 'read'>;
  readonly doorbell: Doorbell;
  readonly address: SiteAddress;
}

/** Who answers each operation of `contracts/api.ts`. */
export const operations = (deps: Deps): Operations => ({
  getUser,
  createApiToken: createApiToken(deps),
  listApiTokens: listApiTokens(deps),
  rotateApiToken: rotateApiToken(deps),
  revokeApiToken: revokeApiToken(deps),
  createProject: createProject(deps),
  listProjects: listProjects(deps),
  getProject: getProject(deps),
  deleteProject: deleteProject(deps),
  listDeployments: listDeployments(deps),
  getDeployment: getDeployment(deps),
  cancelDeployment: cancelDeployment(deps),
  readDeploymentLogs: readDeploymentLogs(deps),
  listDeadLetters: listDeadLetters(deps),
  getDeadLetter: getDeadLetter(deps),
  replayDeadLetter: replayDeadLetter(deps),
  discardDeadLetter: discardDeadLetter(deps),
});
