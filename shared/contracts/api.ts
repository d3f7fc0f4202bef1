import { getUser } from './account.ts';
import { listAuditLog, listPlatformAuditLog } from './audit-log.ts';
import { finishGithubLogin, refreshSession, signOut, signOutEverywhere, startGithubLogin } from './auth.ts';
import { analyzeRepository, listBranches, listRepositories } from './code-repositories.ts';
import { discardDeadLetter, getDeadLetter, listDeadLetters, replayDeadLetter } from './dead-letters.ts';
import { createDeployHook, deleteDeployHook, listDeployHooks, triggerDeployHook } from './deploy-hooks.ts';
import { listDeploymentEvents, readDeploymentLogs, streamDeploymentLogs } from './deployment-logs.ts';
import {
  cancelDeployment,
  createDeployment,
  getDeployment,
  listDeployments,
  pinDeployment,
  promoteDeployment,
  redeployDeployment,
  unpinDeployment,
} from './deployments.ts';
import {
  approveDeviceLogin,
  denyDeviceLogin,
  getDeviceLogin,
  redeemDeviceLogin,
  startDeviceLogin,
} from './device-logins.ts';
import {
  createEnvironment,
  deleteEnvironment,
  getEnvironment,
  listEnvironments,
  rollbackEnvironment,
  updateEnvironment,
} from './environments.ts';
import { getKeys, rotateKeys } from './keys.ts';
import { createPrebuiltDeployment } from './prebuilt-deployments.ts';
import { createProject, deleteProject, getProject, listProjects, updateProject } from './projects.ts';
import { endSession, listSessions } from './sessions.ts';
import { getSignInRules, replaceSignInRules } from './sign-in-rules.ts';
import {
  createApiToken,
  getCurrentToken,
  listApiTokens,
  revokeApiToken,
  revokeHeldToken,
  rotateApiToken,
} from './tokens.ts';
import { getAccountLimits, getDashboardStats, getUsage, updateAccountLimits } from './usage.ts';
import { disableUser, enableUser, listUsers } from './users.ts';
import { createVariable, deleteVariable, importVariables, listVariables, updateVariable } from './variables.ts';
import { getWebhookSecret, rotateWebhookSecret } from './webhook-secrets.ts';

/** The table of operations: router, client and CLI are made from it. */
export const api = {
  startGithubLogin,
  finishGithubLogin,
  refreshSession,
  signOut,
  signOutEverywhere,
  startDeviceLogin,
  redeemDeviceLogin,
  getDeviceLogin,
  approveDeviceLogin,
  denyDeviceLogin,
  listSessions,
  endSession,
  getSignInRules,
  replaceSignInRules,
  listUsers,
  disableUser,
  enableUser,
  getKeys,
  rotateKeys,
  getUser,
  createApiToken,
  listApiTokens,
  rotateApiToken,
  revokeApiToken,
  getCurrentToken,
  revokeHeldToken,
  createProject,
  listProjects,
  getProject,
  updateProject,
  deleteProject,
  getWebhookSecret,
  rotateWebhookSecret,
  listEnvironments,
  createEnvironment,
  getEnvironment,
  updateEnvironment,
  deleteEnvironment,
  rollbackEnvironment,
  listDeployments,
  createDeployment,
  createPrebuiltDeployment,
  getDeployment,
  cancelDeployment,
  redeployDeployment,
  promoteDeployment,
  pinDeployment,
  unpinDeployment,
  listDeploymentEvents,
  readDeploymentLogs,
  streamDeploymentLogs,
  listDeployHooks,
  createDeployHook,
  deleteDeployHook,
  triggerDeployHook,
  listRepositories,
  listBranches,
  analyzeRepository,
  getUsage,
  getDashboardStats,
  listAuditLog,
  listPlatformAuditLog,
  getAccountLimits,
  updateAccountLimits,
  listVariables,
  createVariable,
  updateVariable,
  deleteVariable,
  importVariables,
  listDeadLetters,
  getDeadLetter,
  replayDeadLetter,
  discardDeadLetter,
} as const;

export type Api = typeof api;
export type OperationId = keyof Api;
