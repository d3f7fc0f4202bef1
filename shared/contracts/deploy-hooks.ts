import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noQuery, pageQuery } from './pagination.ts';
import { shownName } from './shown-name.ts';

const time = z.iso.datetime();

/** An address that deploys the head of an environment's branch, for who knows its secret. */
export const deployHook = z.strictObject({
  id: z.string(),
  project_id: z.string(),
  environment: z.string(),
  name: z.string(),
  /** What to POST to, with `Authorization: Bearer {secret}`. */
  path: z.string(),
  created_at: time,
  last_used_at: time.nullable(),
});
z.globalRegistry.add(deployHook, { id: 'DeployHook' });
export type DeployHook = z.output<typeof deployHook>;

const ofProject = z.strictObject({ project: z.string().max(64) });

export const listDeployHooks = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/deploy-hooks',
  summary: 'The deploy hooks of a project, newest first.',
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
  summary: 'Makes a deploy hook. Its secret is shown in this answer, and never again.',
  tag: 'deploy-hooks',
  access: 'hooks:write',
  params: ofProject,
  query: noQuery,
  body: z.strictObject({
    name: shownName(100),
    /** By name. */
    environment: z.string().max(64).default('production'),
  }),
  output: deployHook.extend({ secret: z.string() }),
  status: 201,
  paginated: false,
  errors: ['not_found', 'limit_reached'],
});

export const deleteDeployHook = endpoint({
  method: 'DELETE',
  path: '/api/v1/projects/{project}/deploy-hooks/{deploy_hook}',
  summary: 'Ends a deploy hook: from here on its secret counts no more.',
  tag: 'deploy-hooks',
  access: 'hooks:write',
  params: ofProject.extend({ deploy_hook: z.string().max(64) }),
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
  summary:
    'Deploys the head of the branch of the hook’s environment. The secret comes as `Authorization: Bearer`, and whatever body comes with it is not read.',
  tag: 'deploy-hooks',
  access: 'public',
  cost: 'expensive',
  params: z.strictObject({ deploy_hook: z.string().max(64) }),
  query: noQuery,
  headers: z.object({ authorization: z.string().max(300).optional() }),
  body: null,
  output: z.strictObject({ deployment_id: z.string(), commit_sha: z.string() }),
  status: 202,
  paginated: false,
  errors: [
    'unauthorized',
    'environment_off',
    'branch_not_found',
    'repository_not_found',
    'code_host_unavailable',
    'code_host_unauthorized',
  ],
});
