import type { AccessTokens } from '@miaobu/shared/model/account/access-tokens';
import type { ReadGithubToken } from '@miaobu/shared/model/account/read-github-token';
import type { RefreshTokens } from '@miaobu/shared/model/account/refresh-tokens';
import type { BuildTokens } from '@miaobu/shared/model/build/build-tokens';
import type { RingSealer } from '@miaobu/shared/model/key/create-sealer';
import type { SiteAddress } from '@miaobu/shared/model/project/site-address';
import type { Store } from '@miaobu/shared/model/repositories';
import type { BuildLog } from '@miaobu/shared/ports/build-log';
import type { CodeHost } from '@miaobu/shared/ports/code-host';
import type { CodeHostLogin } from '@miaobu/shared/ports/code-host-login';
import type { Doorbell } from '@miaobu/shared/ports/doorbell';
import { endSession } from './account/end-session.ts';
import { getUser } from './account/get-user.ts';
import { listSessions } from './account/list-sessions.ts';
import { listAuditLog } from './audit-log/list-audit-log.ts';
import { listPlatformAuditLog } from './audit-log/list-platform-audit-log.ts';
import { approveDeviceLogin, denyDeviceLogin, getDeviceLogin } from './auth/device-login.ts';
import { finishGithubLogin } from './auth/finish-github-login.ts';
import { redeemDeviceLogin } from './auth/redeem-device-login.ts';
import { refreshSession } from './auth/refresh-session.ts';
import { signOut, signOutEverywhere } from './auth/sign-out.ts';
import { startDeviceLogin } from './auth/start-device-login.ts';
import { startGithubLogin } from './auth/start-github-login.ts';
import { getDeadLetter } from './dead-letters/get-dead-letter.ts';
import { listDeadLetters } from './dead-letters/list-dead-letters.ts';
import { discardDeadLetter, replayDeadLetter } from './dead-letters/resolve-dead-letter.ts';
import { createDeployHook } from './deploy-hooks/create-deploy-hook.ts';
import { deleteDeployHook } from './deploy-hooks/delete-deploy-hook.ts';
import { listDeployHooks } from './deploy-hooks/list-deploy-hooks.ts';
import { triggerDeployHook } from './deploy-hooks/trigger-deploy-hook.ts';
import { cancelDeployment } from './deployments/cancel-deployment.ts';
import { createDeployment } from './deployments/create-deployment.ts';
import { createPrebuiltDeployment } from './deployments/create-prebuilt-deployment.ts';
import { getDeployment } from './deployments/get-deployment.ts';
import { listDeploymentEvents } from './deployments/list-deployment-events.ts';
import { listDeployments } from './deployments/list-deployments.ts';
import { pinDeployment, unpinDeployment } from './deployments/pin-deployment.ts';
import { promoteDeployment } from './deployments/promote-deployment.ts';
import { readDeploymentLogs } from './deployments/read-deployment-logs.ts';
import { redeployDeployment } from './deployments/redeploy-deployment.ts';
import { streamDeploymentLogs } from './deployments/stream-deployment-logs.ts';
import { createEnvironment } from './environments/create-environment.ts';
import { deleteEnvironment } from './environments/delete-environment.ts';
import { getEnvironment } from './environments/get-environment.ts';
import { listEnvironments } from './environments/list-environments.ts';
import { toExistingBranch } from './environments/require-branch.ts';
import { rollbackEnvironment } from './environments/rollback-environment.ts';
import { updateEnvironment } from './environments/update-environment.ts';
import type { Operations } from './operation.ts';
import { disableUser, enableUser } from './platform/disable-user.ts';
import { getKeys } from './platform/get-keys.ts';
import { getSignInRules } from './platform/get-sign-in-rules.ts';
import { listUsers } from './platform/list-users.ts';
import { replaceSignInRules } from './platform/replace-sign-in-rules.ts';
import { rotateKeys } from './platform/rotate-keys.ts';
import { createProject } from './projects/create-project.ts';
import { deleteProject } from './projects/delete-project.ts';
import { getProject } from './projects/get-project.ts';
import { getWebhookSecret } from './projects/get-webhook-secret.ts';
import { listProjects } from './projects/list-projects.ts';
import { rotateWebhookSecret } from './projects/rotate-webhook-secret.ts';
import { updateProject } from './projects/update-project.ts';
import { analyzeRepository } from './repositories/analyze-repository.ts';
import { listBranches } from './repositories/list-branches.ts';
import { listRepositories } from './repositories/list-repositories.ts';
import { createApiToken } from './tokens/create-api-token.ts';
import { getCurrentToken } from './tokens/get-current-token.ts';
import { listApiTokens } from './tokens/list-api-tokens.ts';
import { revokeApiToken } from './tokens/revoke-api-token.ts';
import { revokeHeldToken } from './tokens/revoke-held-token.ts';
import { rotateApiToken } from './tokens/rotate-api-token.ts';
import { getAccountLimits, updateAccountLimits } from './usage/account-limits-of.ts';
import { getDashboardStats } from './usage/get-dashboard-stats.ts';
import { getUsage } from './usage/get-usage.ts';
import { createVariable } from './variables/create-variable.ts';
import { deleteVariable } from './variables/delete-variable.ts';
import { importVariables } from './variables/import-variables.ts';
import { listVariables } from './variables/list-variables.ts';
import { updateVariable } from './variables/update-variable.ts';

export interface Deps {
  readonly store: Store;
  readonly sealer: RingSealer;
  readonly readGithubToken: ReadGithubToken;
  readonly codeHost: Pick<
    CodeHost,
    'getRepository' | 'getBranchHead' | 'getCommit' | 'listRepositories' | 'listBranches' | 'listTree' | 'readFile'
  >;
  readonly buildLog: Pick<BuildLog, 'read'>;
  readonly doorbell: Doorbell;
  readonly address: SiteAddress;
  /** Resolves early, and never rejects, when the signal fires. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly login: CodeHostLogin;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly buildTokens: BuildTokens;
  /** The platform's own origin. */
  readonly controlOrigin: string;
  /** Origins whose pages may use a session's cookie. */
  readonly ownOrigins: readonly string[];
}

/** The handler of each operation of `contracts/api.ts`. */
export const operations = (deps: Deps): Operations => ({
  getUser,
  startGithubLogin: startGithubLogin(deps),
  finishGithubLogin: finishGithubLogin(deps),
  refreshSession: refreshSession(deps),
  signOut: signOut(deps),
  signOutEverywhere: signOutEverywhere(deps),
  startDeviceLogin: startDeviceLogin(deps),
  redeemDeviceLogin: redeemDeviceLogin(deps),
  getDeviceLogin: getDeviceLogin(deps),
  approveDeviceLogin: approveDeviceLogin(deps),
  denyDeviceLogin: denyDeviceLogin(deps),
  listSessions: listSessions(deps),
  endSession: endSession(deps),
  getSignInRules: getSignInRules(deps),
  replaceSignInRules: replaceSignInRules(deps),
  listUsers: listUsers(deps),
  disableUser: disableUser(deps),
  enableUser: enableUser(deps),
  getKeys: getKeys(deps),
  rotateKeys: rotateKeys(deps),
  createApiToken: createApiToken(deps),
  listApiTokens: listApiTokens(deps),
  rotateApiToken: rotateApiToken(deps),
  revokeApiToken: revokeApiToken(deps),
  getCurrentToken: getCurrentToken(deps),
  revokeHeldToken: revokeHeldToken(deps),
  createProject: createProject(deps),
  listProjects: listProjects(deps),
  getProject: getProject(deps),
  updateProject: updateProject(deps),
  deleteProject: deleteProject(deps),
  getWebhookSecret: getWebhookSecret(deps),
  rotateWebhookSecret: rotateWebhookSecret(deps),
  listEnvironments: listEnvironments(deps),
  createEnvironment: createEnvironment(deps),
  getEnvironment: getEnvironment(deps),
  updateEnvironment: toExistingBranch(deps, updateEnvironment(deps)),
  deleteEnvironment: deleteEnvironment(deps),
  rollbackEnvironment: rollbackEnvironment(deps),
  listDeployments: listDeployments(deps),
  createDeployment: createDeployment(deps),
  createPrebuiltDeployment: createPrebuiltDeployment(deps),
  getDeployment: getDeployment(deps),
  cancelDeployment: cancelDeployment(deps),
  redeployDeployment: redeployDeployment(deps),
  promoteDeployment: promoteDeployment(deps),
  pinDeployment: pinDeployment(deps),
  unpinDeployment: unpinDeployment(deps),
  listDeploymentEvents: listDeploymentEvents(deps),
  readDeploymentLogs: readDeploymentLogs(deps),
  streamDeploymentLogs: streamDeploymentLogs(deps),
  listDeployHooks: listDeployHooks(deps),
  createDeployHook: createDeployHook(deps),
  deleteDeployHook: deleteDeployHook(deps),
  triggerDeployHook: triggerDeployHook(deps),
  listRepositories: listRepositories(deps),
  listBranches: listBranches(deps),
  analyzeRepository: analyzeRepository(deps),
  getUsage: getUsage(deps),
  getDashboardStats: getDashboardStats(deps),
  listAuditLog: listAuditLog(deps),
  listPlatformAuditLog: listPlatformAuditLog(deps),
  getAccountLimits: getAccountLimits(deps),
  updateAccountLimits: updateAccountLimits(deps),
  listVariables: listVariables(deps),
  createVariable: createVariable(deps),
  updateVariable: updateVariable(deps),
  deleteVariable: deleteVariable(deps),
  importVariables: importVariables(deps),
  listDeadLetters: listDeadLetters(deps),
  getDeadLetter: getDeadLetter(deps),
  replayDeadLetter: replayDeadLetter(deps),
  discardDeadLetter: discardDeadLetter(deps),
});
