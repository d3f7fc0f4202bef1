import * as z from 'zod';
import { deployment } from './deployments.ts';
import { endpoint } from './endpoint.ts';
import { noQuery } from './pagination.ts';
import { ifMatch } from './preconditions.ts';

const time = z.iso.datetime();

export const branchName = z.string().min(1).max(255);

/** What a project shows at one address: production always, staging while it is on. */
export const environment = z.strictObject({
  id: z.string(),
  project_id: z.string(),
  name: z.string(),
  /** The branch whose pushes are deployed to it. */
  branch: branchName,
  url: z.url(),
  /** The deployment that it shows. */
  current_deployment_id: z.string().nullable(),
  /** Whether what is built goes live by itself. A rollback switches this off, so that no push undoes it. */
  auto_promote: z.boolean(),
  created_at: time,
  updated_at: time,
});
z.globalRegistry.add(environment, { id: 'Environment' });
export type Environment = z.output<typeof environment>;

const ofProject = z.strictObject({ project: z.string().max(64) });
/** By id, or by name. */
const ofEnvironment = ofProject.extend({ environment: z.string().max(64) });

export const listEnvironments = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/environments',
  summary: 'The environments of a project: production, and staging while it is on.',
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
  summary: 'One environment, by name or id. Its ETag names what it shows and how it is set.',
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
  summary: 'Switches staging on: a second address that shows another branch. Its head is deployed at once.',
  tag: 'environments',
  access: 'projects:write',
  cost: 'expensive',
  params: ofProject,
  query: noQuery,
  body: z.strictObject({ name: z.literal('staging'), branch: branchName }),
  output: environment.extend({ deployment }),
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
    'Changes which branch an environment follows, and whether what is built goes live by itself. Another branch is deployed within a minute. Where nothing went live by itself for a while, the newest that waits does.',
  tag: 'environments',
  access: 'projects:write',
  params: ofEnvironment,
  query: noQuery,
  headers: ifMatch,
  etag: true,
  body: z.strictObject({ branch: branchName.optional(), auto_promote: z.boolean().optional() }),
  output: environment,
  status: 200,
  paginated: false,
  errors: ['not_found', 'branch_in_use', 'precondition_failed'],
});

export const deleteEnvironment = endpoint({
  method: 'DELETE',
  path: '/api/v1/projects/{project}/environments/{environment}',
  summary:
    'Switches staging off: its address shows nothing within minutes, and its deployments are deleted. Its variables stay, for when it is switched on again.',
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
    'Shows another of its deployments, without building anything, and keeps it: what is built from now on waits until `auto_promote` is set again. If-Match says which state of the environment you mean.',
  tag: 'environments',
  access: 'deployments:deploy',
  params: ofEnvironment,
  query: noQuery,
  headers: ifMatch,
  requiresIfMatch: true,
  etag: true,
  body: z.strictObject({ deployment: z.string().max(64) }),
  output: environment,
  status: 200,
  paginated: false,
  errors: ['not_found', 'deployment_state_conflict', 'deployment_purged', 'precondition_failed'],
});
