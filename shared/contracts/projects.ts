import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noParams, noQuery, pageQuery } from './pagination.ts';
import { ofProject } from './path-params.ts';
import { ifMatch } from './preconditions.ts';
import { deployment } from './shown-deployment.ts';
import { shownName } from './shown-name.ts';
import { shownTime } from './shown-time.ts';

/** A path inside the repository: relative, without `..`; empty for its root. */
const directory = z
  .string()
  .max(255)
  .regex(/^[^\\\0]*$/, 'must not hold a backslash or a NUL character')
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), 'must stay inside the repository');

const command = z.string().max(1000);

/** How a project is built. `null` means "detect it"; an empty command means "run nothing". */
export const projectSettings = z
  .strictObject({
    root_directory: directory.describe('The folder of the repository that is built; empty for its root.'),
    install_command: command.nullable().describe('How packages are installed. Null: detected; empty: nothing is run.'),
    build_command: command.nullable().describe('How it is built. Null: detected; empty: nothing is run.'),
    output_directory: directory
      .nullable()
      .describe(
        'The folder that is published, within the root directory. Null: detected; empty: the root directory itself.',
      ),
    start_command: command
      .nullable()
      .describe(
        'How the server is started, with `HOST` and `PORT` set. Null: detected; empty: there is no server, it is a static site.',
      ),
    runtime: z
      .enum(['static', 'node', 'python'])
      .nullable()
      .describe('What is published: a static site, or a server on Node.js or Python. Null: detected.'),
    node_version: z
      .string()
      .max(20)
      .nullable()
      .describe('The version of Node.js, e.g. `22`. Null: what the project asks for, or the default.'),
    spa: z.boolean().nullable().describe('Whether unknown addresses are answered with `index.html`. Null: detected.'),
  })
  .meta({ id: 'ProjectSettings', description: 'How a project is built. Null means: detect it.' });

/** Files and directories of the repository; `*` matches anything within a name, `**` any directories. */
const watchPaths = z.array(directory.min(1)).min(1).max(50);

const watchPathsText =
  'Files and folders of the repository; `*` matches within a name, `**` any folders. Pushes that change nothing there are not deployed. Null: whatever is in the root directory.';

export const project = z
  .strictObject({
    id: z.string().describe('The id of the project (`prj_…`).'),
    slug: z
      .string()
      .describe('Its short name, unique on this platform: part of its address, and usable wherever its id is.'),
    name: z.string().describe('Its name, for people.'),
    repository: z.string().describe('The repository it is built from: `owner/name` on GitHub.'),
    branch: z.string().describe('The branch whose pushes are deployed to production.'),
    url: z.url().describe('The address of production.'),
    settings: projectSettings,
    watch_paths: watchPaths.nullable().describe(watchPathsText),
    current_deployment_id: z
      .string()
      .nullable()
      .describe('The deployment that production shows; null before the first is live.'),
    created_at: shownTime.describe('When it was imported.'),
    updated_at: shownTime.describe('When it last changed.'),
  })
  .meta({ id: 'Project', description: 'A repository, or a folder of one, that is deployed.' });
export type Project = z.output<typeof project>;

export const createProject = endpoint({
  method: 'POST',
  path: '/api/v1/projects',
  aliases: ['/api/v1/public/projects'],
  summary:
    'Imports a repository: creates a project, sets up its webhook and hostname, and deploys the head of its branch.',
  tag: 'projects',
  access: 'projects:write',
  cost: 'expensive',
  params: noParams,
  query: noQuery,
  body: z.strictObject({
    repo: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/[A-Za-z0-9._-]{0,99}[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/,
        'must look like owner/name',
      )
      .describe('The repository to import: `owner/name` on GitHub.'),
    name: shownName(100).optional().describe('The name of the project. Default: the name of the repository.'),
    slug: z
      .string()
      .max(64)
      .optional()
      .describe('The slug of the project: lower-case letters, digits and `-`. Default: made from the name.'),
    branch: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('The branch to deploy to production. Default: the default branch of the repository.'),
    watch_paths: watchPaths.nullable().optional().describe(watchPathsText),
    ...projectSettings.partial().shape,
  }),
  output: project.extend({ deployment: deployment.describe('The first deployment, which was queued.') }),
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
  summary: 'Lists your projects, newest first.',
  tag: 'projects',
  access: 'projects:read',
  params: noParams,
  query: pageQuery.extend({
    q: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .optional()
      .describe('Only projects with this text in their name, slug or repository.'),
  }),
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
  summary: 'Returns one project.',
  tag: 'projects',
  access: 'projects:read',
  params: ofProject,
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
    'Changes a project. New settings apply from the next deployment on; a new branch has to exist on GitHub, as far as GitHub can be asked, and is deployed within a minute.',
  tag: 'projects',
  access: 'projects:write',
  params: ofProject,
  query: noQuery,
  headers: ifMatch,
  etag: true,
  body: z.strictObject({
    name: shownName(100).optional().describe('The name of the project. Its slug stays.'),
    branch: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('The branch to deploy to production from now on. Its head is deployed.'),
    watch_paths: watchPaths.nullable().optional().describe(watchPathsText),
    ...projectSettings.partial().shape,
  }),
  output: project,
  status: 200,
  paginated: false,
  errors: ['not_found', 'branch_not_found', 'branch_in_use', 'precondition_failed'],
});

export const deleteProject = endpoint({
  method: 'DELETE',
  path: '/api/v1/projects/{project}',
  aliases: ['/api/v1/public/projects/{project}'],
  summary:
    'Deletes a project. The API stops showing it at once, its sites go offline within minutes, and its slug is free again when its files are deleted, an hour or more later.',
  tag: 'projects',
  access: 'projects:write',
  params: ofProject,
  query: noQuery,
  body: null,
  output: z.strictObject({
    id: z.string().describe('The id of the project.'),
    slug: z.string().describe('Its slug.'),
    deleting: z.literal(true).describe('Always true: the deletion has begun.'),
  }),
  status: 202,
  paginated: false,
  errors: ['not_found'],
});
