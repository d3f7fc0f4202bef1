import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noQuery, pageQuery } from './pagination.ts';
import { environmentName, ofDeployment, ofProject } from './path-params.ts';
import { deployment, deploymentStatuses, deploymentTriggers } from './shown-deployment.ts';

const commitSha = z.string().regex(/^[0-9a-f]{40}$/, 'must be a whole commit id: 40 characters');

export const listDeployments = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/deployments',
  aliases: ['/api/v1/public/projects/{project}/deployments'],
  summary:
    'Lists the deployments of a project, newest first. Filters combine: only what matches all of them is listed.',
  tag: 'deployments',
  access: 'deployments:read',
  params: ofProject,
  query: pageQuery.extend({
    environment: environmentName.optional().describe('Only those of this environment: `production` or `staging`.'),
    status: z.enum(deploymentStatuses).optional().describe('Only those with this status.'),
    branch: z.string().max(255).optional().describe('Only those of this branch.'),
    commit: commitSha.optional().describe('Only those of this commit: its full id, 40 characters.'),
    trigger: z.enum(deploymentTriggers).optional().describe('Only those with this cause.'),
  }),
  body: null,
  output: z.array(deployment),
  status: 200,
  paginated: true,
  errors: ['not_found'],
});

export const getDeployment = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/deployments/{deployment}',
  aliases: ['/api/v1/public/projects/{project}/deployments/{deployment}'],
  summary: 'Returns one deployment.',
  tag: 'deployments',
  access: 'deployments:read',
  params: ofDeployment,
  query: noQuery,
  body: null,
  output: deployment,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});

export const createDeployment = endpoint({
  method: 'POST',
  path: '/api/v1/projects/{project}/deployments',
  aliases: ['/api/v1/public/projects/{project}/deployments'],
  summary:
    'Deploys the head of a branch, or a commit. Defaults: the branch of the environment; the environment that follows the branch, or production.',
  tag: 'deployments',
  access: 'deployments:deploy',
  cost: 'expensive',
  params: ofProject,
  query: noQuery,
  body: z
    .strictObject({
      environment: environmentName
        .optional()
        .describe('Where to deploy it. Default: the environment that follows `branch`, or `production`.'),
      branch: z
        .string()
        .min(1)
        .max(255)
        .optional()
        .describe('The branch whose head on GitHub is deployed. Default: the branch of the environment.'),
      commit_sha: commitSha
        .optional()
        .describe('The commit to deploy instead of a head: its full id, 40 characters. Not together with `branch`.'),
    })
    .refine(({ branch, commit_sha }) => branch === undefined || commit_sha === undefined, {
      path: ['commit_sha'],
      error: 'name a branch or a commit, not both',
    }),
  output: deployment,
  status: 201,
  paginated: false,
  errors: [
    'not_found',
    'conflict',
    'branch_not_found',
    'commit_not_found',
    'repository_not_found',
    'code_host_unavailable',
    'code_host_unauthorized',
  ],
});

export const cancelDeployment = endpoint({
  method: 'POST',
  path: '/api/v1/projects/{project}/deployments/{deployment}/cancel',
  aliases: ['/api/v1/public/projects/{project}/deployments/{deployment}/cancel'],
  summary:
    'Cancels a deployment that has not begun to go live. Later than that, and once it has ended, the answer is 409.',
  tag: 'deployments',
  access: 'deployments:deploy',
  params: ofDeployment,
  query: noQuery,
  body: z.strictObject({}),
  output: deployment,
  status: 200,
  paginated: false,
  errors: ['not_found', 'deployment_state_conflict'],
});

export const redeployDeployment = endpoint({
  method: 'POST',
  path: '/api/v1/projects/{project}/deployments/{deployment}/redeploy',
  summary:
    'Rebuilds a deployment’s commit with the current settings and variables. Uploaded deployments cannot be rebuilt (409).',
  tag: 'deployments',
  access: 'deployments:deploy',
  cost: 'expensive',
  params: ofDeployment,
  query: noQuery,
  body: z.strictObject({}),
  output: deployment,
  status: 201,
  paginated: false,
  errors: ['not_found', 'environment_off', 'deployment_uploaded'],
});

export const promoteDeployment = endpoint({
  method: 'POST',
  path: '/api/v1/projects/{project}/deployments/{deployment}/promote',
  aliases: ['/api/v1/public/projects/{project}/deployments/{deployment}/rollback'],
  summary: 'Makes a finished deployment live without rebuilding it, and turns auto-promotion of its environment on.',
  tag: 'deployments',
  access: 'deployments:deploy',
  params: ofDeployment,
  query: noQuery,
  body: z.strictObject({}),
  output: deployment,
  status: 200,
  paginated: false,
  errors: ['not_found', 'deployment_state_conflict', 'deployment_purged', 'environment_off'],
});

export const pinDeployment = endpoint({
  method: 'PUT',
  path: '/api/v1/projects/{project}/deployments/{deployment}/pin',
  summary: 'Pins a deployed deployment, so cleanup never deletes its files and you can always roll back to it.',
  tag: 'deployments',
  access: 'deployments:deploy',
  params: ofDeployment,
  query: noQuery,
  body: null,
  output: deployment,
  status: 200,
  paginated: false,
  errors: ['not_found', 'deployment_state_conflict', 'deployment_purged'],
});

export const unpinDeployment = endpoint({
  method: 'DELETE',
  path: '/api/v1/projects/{project}/deployments/{deployment}/pin',
  summary: 'Unpins a deployment, so cleanup may delete its files.',
  tag: 'deployments',
  access: 'deployments:deploy',
  params: ofDeployment,
  query: noQuery,
  body: null,
  output: deployment,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});
