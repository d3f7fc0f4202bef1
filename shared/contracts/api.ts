import { getUser } from './account.ts';
import { discardDeadLetter, getDeadLetter, listDeadLetters, replayDeadLetter } from './dead-letters.ts';
import { cancelDeployment, getDeployment, listDeployments, readDeploymentLogs } from './deployments.ts';
import { createProject, deleteProject, getProject, listProjects } from './projects.ts';
import { createApiToken, listApiTokens, revokeApiToken, rotateApiToken } from './tokens.ts';

/** The table of operations: router, client and CLI are made from it. */
export const api = {
  getUser,
  createApiToken,
  listApiTokens,
  rotateApiToken,
  revokeApiToken,
  createProject,
  listProjects,
  getProject,
  deleteProject,
  listDeployments,
  getDeployment,
  cancelDeployment,
  readDeploymentLogs,
  listDeadLetters,
  getDeadLetter,
  replayDeadLetter,
  discardDeadLetter,
} as const;

export type Api = typeof api;
export type OperationId = keyof Api;
