import * as z from 'zod';
import { deployment } from './deployments.ts';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery, pageQuery } from './pagination.ts';
import { ifMatch } from './preconditions.ts';
import { shownName } from './shown-name.ts';

const time = z.iso.datetime();

/** A path inside the repository: relative, without `..`; empty for its root. */
const directory = z
  .string()
  .max(255)
  .regex(/^[^\\\0]*$/, 'must not hold a backslash or a NUL character')
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), 'must stay inside the repository');

const command = z.string().max(1000);

/** How a project is built. `null` means "detect it"; an empty command means "run nothing". */
export const projectSettings = z.strictObject({
  root_directory: directory,
  install_command: command.nullable(),
  build_command: command.nullable(),
  output_directory: directory.nullable(),
  /** How the program that answers requests is started, with HOST and PORT set; empty: there is none, it is a site. */
  start_command: command.nullable(),
  /** What is published: files, or a program that this runs. */
  runtime: z.enum(['static', 'node', 'python']).nullable(),
  node_version: z.string().max(20).nullable(),
  spa: z.boolean().nullable(),
});
z.globalRegistry.add(projectSettings, { id: 'ProjectSettings' });

/** Files and directories of the repository; `*` is anything within a name, `**` any directories. */
const watchPaths = z.array(directory.min(1)).min(1).max(50);

export const project = z.strictObject({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  repository: z.string(),
  /** The branch whose pushes go to production. */
  branch: z.string(),
  url: z.url(),
  settings: projectSettings,
  /** Pushes that change nothing here are not deployed; null: what is under the root directory. */
  watch_paths: watchPaths.nullable(),
  /** The deployment that production shows. */
  current_deployment_id: z.string().nullable(),
  created_at: time,
  updated_at: time,
});
z.globalRegistry.add(project, { id: 'Project' });
export type Project = z.output<typeof project>;

export const createProject = endpoint({
  method: 'POST',
  path: '/api/v1/projects',
  aliases: ['/api/v1/public/projects'],
  summary: 'Imports a repository: sets up its hook and hostname, and deploys the head of its branch.',
  tag: 'projects',
  access: 'projects:write',
  cost: 'expensive',
  params: noParams,
  query: noQuery,
  body: z.strictObject({
    /** `owner/name` on GitHub. */
    repo: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/[A-Za-z0-9._-]{0,99}[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/,
        'must look like owner/name',
      ),
    name: shownName(100).optional(),
    slug: z.string().max(64).optional(),
    /** Default: the repository's default branch. */
    branch: z.string().min(1).max(255).optional(),
    watch_paths: watchPaths.nullable().optional(),
    ...projectSettings.partial().shape,
  }),
  output: project.extend({ deployment }),
  status: 201,
  paginated: false,
  errors: [
    'repository_not_found',
    'branch_not_found',
    'slug_unavailable',
    'limit_reached',
    'code_host_unavailable',
    'code_host_unauthorized',
  ],
});

export const listProjects = endpoint({
  method: 'GET',
  path: '/api/v1/projects',
  aliases: ['/api/v1/public/projects'],
  summary: 'Your projects, newest first; with `q` those with it in their name, slug or repository.',
  tag: 'projects',
  access: 'projects:read',
  params: noParams,
  query: pageQuery.extend({ q: z.string().trim().min(1).max(100).optional() }),
  body: null,
  output: z.array(project),
  status: 200,
  paginated: true,
  errors: [],
});

export const getProject = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}',
  aliases: ['/api/v1/public/projects/{project}', '/api/v1/public/projects/slug/{project}'],
  summary: 'One project, by id or slug.',
  tag: 'projects',
  access: 'projects:read',
  params: z.strictObject({ project: z.string().max(64) }),
  query: noQuery,
  body: null,
  etag: true,
  output: project,
  status: 200,
  paginated: false,
  errors: ['not_found'],
});

export const updateProject = endpoint({
  method: 'PATCH',
  path: '/api/v1/projects/{project}',
  aliases: ['/api/v1/public/projects/{project}'],
  summary:
    'Changes a project. How it is built counts from the next deployment on; another production branch is deployed within a minute.',
  tag: 'projects',
  access: 'projects:write',
  params: z.strictObject({ project: z.string().max(64) }),
  query: noQuery,
  headers: ifMatch,
  etag: true,
  body: z.strictObject({
    name: shownName(100).optional(),
    branch: z.string().min(1).max(255).optional(),
    watch_paths: watchPaths.nullable().optional(),
    ...projectSettings.partial().shape,
  }),
  output: project,
  status: 200,
  paginated: false,
  errors: ['not_found', 'branch_in_use', 'precondition_failed'],
});

export const deleteProject = endpoint({
  method: 'DELETE',
  path: '/api/v1/projects/{project}',
  aliases: ['/api/v1/public/projects/{project}'],
  summary:
    'Deletes a project: it is gone for the API at once, its sites within minutes. Its slug is free when everything that it had stored is deleted, an hour or more later.',
  tag: 'projects',
  access: 'projects:write',
  params: z.strictObject({ project: z.string().max(64) }),
  query: noQuery,
  body: null,
  output: z.strictObject({ id: z.string(), slug: z.string(), deleting: z.literal(true) }),
  status: 202,
  paginated: false,
  errors: ['not_found'],
});
