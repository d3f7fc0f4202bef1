import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noQuery, pageQuery } from './pagination.ts';
import { deployHookReference, environmentName, ofProject } from './path-params.ts';
import { shownName } from './shown-name.ts';
import { shownTime } from './shown-time.ts';

export const deployHook = z
  .strictObject({
    id: z.string().describe('The id of the hook (`dhk_…`).'),
    project_id: z.string().describe('The project it deploys.'),
    environment: z.string().describe('The name of the environment it deploys to.'),
    name: z.string().describe('What you called it.'),
    path: z.string().describe('What to POST to, on the origin of this API, with `Authorization: Bearer {secret}`.'),
    created_at: shownTime.describe('When it was created.'),
    last_used_at: shownTime.nullable().describe('When it was last called with its secret; null if never.'),
  })
  .meta({
    id: 'DeployHook',
    description: 'An address that deploys the head of an environment’s branch when it is called with its secret.',
  });
export type DeployHook = z.output<typeof deployHook>;

export const listDeployHooks = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/deploy-hooks',
  summary: 'Lists the deploy hooks of a project, newest first.',
  tag: 'deploy-hooks',
  access: 'hooks:read',
  params: ofProject,
  query: pageQuery,
  body: null,
  output: z.array(deployHook),
  status: 200,
  paginated: true,
  errors: ['not_found'],
});

export const createDeployHook = endpoint({
  method: 'POST',
  path: '/api/v1/projects/{project}/deploy-hooks',
  summary: 'Creates a deploy hook. Its secret is in this answer only.',
  tag: 'deploy-hooks',
  access: 'hooks:write',
  params: ofProject,
  query: noQuery,
  body: z.strictObject({
    name: shownName(100).describe('What to call it, e.g. what will use it.'),
    environment: environmentName.default('production').describe('The name of the environment it deploys to.'),
  }),
  output: deployHook.extend({
    secret: z.string().describe('What calls of the hook authenticate with. Shown in this answer only.'),
  }),
  status: 201,
  paginated: false,
  errors: ['not_found', 'limit_reached'],
});

export const deleteDeployHook = endpoint({
  method: 'DELETE',
  path: '/api/v1/projects/{project}/deploy-hooks/{deploy_hook}',
  summary: 'Deletes a deploy hook; its secret stops working immediately.',
  tag: 'deploy-hooks',
  access: 'hooks:write',
  params: ofProject.extend({ deploy_hook: deployHookReference }),
  query: noQuery,
  body: null,
  output: z.undefined(),
  status: 204,
  paginated: false,
  errors: ['not_found'],
});

export const triggerDeployHook = endpoint({
  method: 'POST',
  path: '/api/v1/deploy-hooks/{deploy_hook}',
  summary: 'Deploys the head of the branch of the hook’s environment. The body of the request is ignored.',
  tag: 'deploy-hooks',
  access: 'public',
  cost: 'expensive',
  params: z.strictObject({ deploy_hook: deployHookReference }),
  query: noQuery,
  headers: z.object({
    authorization: z.string().optional().describe('`Bearer` and the secret of the hook; without it: 401.'),
  }),
  body: null,
  output: z.strictObject({
    deployment_id: z.string().describe('The deployment that was queued.'),
    commit_sha: z.string().describe('The commit it deploys: its full id.'),
  }),
  status: 202,
  paginated: false,
  errors: [
    'unauthorized',
    'conflict',
    'environment_off',
    'branch_not_found',
    'repository_not_found',
    'code_host_unavailable',
    'code_host_unauthorized',
  ],
});
