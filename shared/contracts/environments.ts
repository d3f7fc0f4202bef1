import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noQuery } from './pagination.ts';
import { ofEnvironment, ofProject } from './path-params.ts';
import { ifMatch } from './preconditions.ts';
import { deployment } from './shown-deployment.ts';
import { shownTime } from './shown-time.ts';

const branchName = z.string().min(1).max(255);

export const environment = z
  .strictObject({
    id: z.string().describe('The id of the environment (`env_…`).'),
    project_id: z.string().describe('The project it belongs to.'),
    name: z.string().describe('`production` or `staging`.'),
    branch: branchName.describe('The branch whose pushes are deployed to it.'),
    url: z.url().describe('Its address.'),
    current_deployment_id: z.string().nullable().describe('The deployment it shows; null before the first is live.'),
    auto_promote: z
      .boolean()
      .describe('Whether new deployments go live by themselves. A rollback turns it off, so that no push undoes it.'),
    created_at: shownTime.describe('When it was first switched on.'),
    updated_at: shownTime.describe('When it last changed.'),
  })
  .meta({
    id: 'Environment',
    description: 'What a project shows at one address: `production` always, `staging` while it is switched on.',
  });
export type Environment = z.output<typeof environment>;

export const listEnvironments = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/environments',
  summary: 'Lists the environments of a project: production, and staging while it is on.',
  tag: 'environments',
  access: 'projects:read',
  params: ofProject,
  query: noQuery,
  body: null,
  output: z.array(environment),
  status: 200,
  paginated: false,
  errors: ['not_found'],
});

export const getEnvironment = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/environments/{environment}',
  summary: 'Returns one environment. Its `ETag` changes with its settings and with the deployment it shows.',
  tag: 'environments',
  access: 'projects:read',
  params: ofEnvironment,
  query: noQuery,
  body: null,
  etag: true,
  output: environment,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});

export const createEnvironment = endpoint({
  method: 'POST',
  path: '/api/v1/projects/{project}/environments',
  summary:
    'Switches staging on: a second address that shows another branch. The head of the branch is deployed at once.',
  tag: 'environments',
  access: 'projects:write',
  cost: 'expensive',
  params: ofProject,
  query: noQuery,
  body: z.strictObject({
    name: z.literal('staging').describe('Always `staging`; production is always there.'),
    branch: branchName.describe('The branch it follows. No other environment of the project may follow it.'),
  }),
  output: environment.extend({ deployment: deployment.describe('The deployment that was queued for it.') }),
  status: 201,
  paginated: false,
  errors: [
    'not_found',
    'conflict',
    'branch_not_found',
    'branch_in_use',
    'repository_not_found',
    'code_host_unavailable',
    'code_host_unauthorized',
  ],
});

export const updateEnvironment = endpoint({
  method: 'PATCH',
  path: '/api/v1/projects/{project}/environments/{environment}',
  summary:
    'Changes an environment. A new branch has to exist on GitHub, as far as GitHub can be asked, and is deployed within a minute. Turning auto-promotion back on promotes the newest waiting deployment.',
  tag: 'environments',
  access: 'projects:write',
  params: ofEnvironment,
  query: noQuery,
  headers: ifMatch,
  etag: true,
  body: z.strictObject({
    branch: branchName.optional().describe('The branch to follow from now on. Its head is deployed.'),
    auto_promote: z.boolean().optional().describe('Whether new deployments go live by themselves.'),
  }),
  output: environment,
  status: 200,
  paginated: false,
  errors: ['not_found', 'branch_not_found', 'branch_in_use', 'precondition_failed'],
});

export const deleteEnvironment = endpoint({
  method: 'DELETE',
  path: '/api/v1/projects/{project}/environments/{environment}',
  summary:
    'Switches staging off: its address stops working within minutes, and its deployments are deleted. Its variables are kept for when it is switched on again. Production cannot be switched off (409).',
  tag: 'environments',
  access: 'projects:write',
  params: ofEnvironment,
  query: noQuery,
  body: null,
  output: z.undefined(),
  status: 204,
  paginated: false,
  errors: ['not_found', 'conflict'],
});

export const rollbackEnvironment = endpoint({
  method: 'POST',
  path: '/api/v1/projects/{project}/environments/{environment}/rollback',
  summary:
    'Makes another of its deployments live without rebuilding it, and turns auto-promotion off: new deployments wait until `auto_promote` is turned on again. `If-Match` says which state of the environment you mean.',
  tag: 'environments',
  access: 'deployments:deploy',
  params: ofEnvironment,
  query: noQuery,
  headers: ifMatch,
  requiresIfMatch: true,
  etag: true,
  body: z.strictObject({
    deployment: z
      .string()
      .max(64)
      .describe('The deployment to show: the id (`dep_…`) of a `deployed` one of this environment.'),
  }),
  output: environment,
  status: 200,
  paginated: false,
  errors: ['not_found', 'deployment_state_conflict', 'deployment_purged', 'precondition_failed'],
});
