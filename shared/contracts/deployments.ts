import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noQuery, pageLimit, pageQuery } from './pagination.ts';
import { environmentName, ofDeployment, ofProject } from './path-params.ts';
import { resumable } from './preconditions.ts';
import { shownTime } from './shown-time.ts';

/** What a deployment can be, in the order it gets there. */
export const deploymentStatuses = [
  'queued',
  'cloning',
  'building',
  'uploading',
  'deploying',
  'deployed',
  'purged',
  'failed',
  'cancelled',
] as const;
export type DeploymentStatus = (typeof deploymentStatuses)[number];

export const deploymentTriggers = ['push', 'import', 'manual', 'redeploy', 'reconcile', 'hook', 'upload'] as const;

const attempt = z.int().describe('Which attempt to build it this is, from 1; 0 before the first has begun.');

export const deployment = z
  .strictObject({
    id: z.string().describe('The id of the deployment (`dep_…`).'),
    project_id: z.string().describe('The project it belongs to.'),
    environment: z.string().describe('The name of its environment: `production` or `staging`.'),
    status: z
      .enum(deploymentStatuses)
      .describe(
        'How far it is. `deployed`, `failed` and `cancelled` are final, but for `purged`: a `deployed` one whose files were deleted. Whether the environment shows it is in `current`.',
      ),
    reason: z
      .string()
      .nullable()
      .describe(
        'Why it failed or was cancelled, for a program: `build_failed`, `superseded`, …; null when there is nothing to explain.',
      ),
    reason_message: z.string().nullable().describe('The reason as a sentence; null without a reason.'),
    current: z.boolean().describe('Whether its environment shows this deployment.'),
    pinned: z.boolean().describe('Whether cleanup keeps its files however old it gets.'),
    trigger: z.enum(deploymentTriggers).describe('What caused it.'),
    branch: z.string().nullable().describe('The branch it was deployed from; null for an uploaded folder.'),
    commit_sha: z.string().nullable().describe('The full id of its commit; null for an uploaded folder.'),
    commit_message: z
      .string()
      .nullable()
      .describe('The message of the commit, or what the uploader wrote about the folder; null if nothing was said.'),
    commit_author: z
      .string()
      .nullable()
      .describe('The author of the commit, or the user who uploaded the folder; null if unknown.'),
    url: z.url().describe('The address of its environment, which shows it while it is `current`.'),
    queue_position: z
      .int()
      .nullable()
      .describe('Its place among the waiting builds of the owner: 1 is next. Null unless it waits for a build.'),
    attempt,
    files: z.int().nullable().describe('How many files it publishes; null until its output has been checked.'),
    bytes: z.int().nullable().describe('The size of its files in bytes; null until its output has been checked.'),
    build_seconds: z.number().nullable().describe('How long the build took, in seconds; null until it has ended.'),
    created_at: shownTime.describe('When it was queued.'),
    activated_at: shownTime.nullable().describe('When its environment last switched to it; null if it never did.'),
    published_at: shownTime
      .nullable()
      .describe('When the edge had confirmed it for every hostname of its environment; null before that.'),
    live_everywhere_at: shownTime
      .nullable()
      .describe(
        'When it was seen at its address after every edge location had time to learn of it, minutes after `published_at`; null before that.',
      ),
    finished_at: shownTime
      .nullable()
      .describe('When it was deployed, failed or was cancelled; null while in progress.'),
  })
  .meta({ id: 'Deployment', description: 'One build of one commit, or one uploaded folder, for one environment.' });
export type Deployment = z.output<typeof deployment>;

export const logEntry = z
  .strictObject({
    at: shownTime.describe('When it was written.'),
    attempt: z.int().describe('The build attempt that wrote it, from 1.'),
    text: z.string().describe('What was written: one or more lines.'),
  })
  .meta({ id: 'LogEntry', description: 'A piece of a build log.' });

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

export const readDeploymentLogs = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/deployments/{deployment}/logs',
  aliases: ['/api/v1/public/projects/{project}/deployments/{deployment}/logs'],
  summary: 'Returns the build log of a deployment, oldest entry first.',
  tag: 'deployments',
  access: 'deployments:read',
  params: ofDeployment,
  query: pageQuery.extend({ limit: pageLimit(1000, 200) }),
  body: null,
  output: z.array(logEntry),
  status: 200,
  paginated: true,
  errors: ['not_found', 'log_store_unavailable'],
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

const prebuiltDeployment = z
  .strictObject({
    deployment,
    upload: z
      .strictObject({
        callback_url: z.url().describe('Where the uploader redeems the ticket and reports.'),
        attempt: z.int().describe('The attempt that the uploader works on.'),
        ticket: z
          .string()
          .describe('What the uploader redeems, once, for the right to upload. Shown in this answer only.'),
      })
      .describe('How the files come: the uploader speaks the protocol of the build runner.'),
  })
  .meta({ id: 'PrebuiltDeployment', description: 'A deployment that waits for its folder to be uploaded.' });

export const createPrebuiltDeployment = endpoint({
  method: 'POST',
  path: '/api/v1/projects/{project}/deployments/prebuilt',
  summary:
    'Deploys a folder as it is, without a build: returns a ticket for uploading its files, as `miaobu deploy <folder>` does. The deployment fails unless the upload begins within ten minutes.',
  tag: 'deployments',
  access: 'deployments:deploy',
  cost: 'expensive',
  params: ofProject,
  query: noQuery,
  body: z.strictObject({
    environment: environmentName.default('production').describe('The name of the environment to deploy to.'),
    message: z
      .string()
      .trim()
      .min(1)
      .max(1000)
      .optional()
      .describe('What the folder is, for the list of deployments. Default: nothing.'),
  }),
  output: prebuiltDeployment,
  status: 201,
  paginated: false,
  errors: ['not_found', 'environment_off'],
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

export const deploymentEvent = z
  .strictObject({
    id: z.string().describe('The id of the event (`evt_…`).'),
    kind: z
      .string()
      .describe(
        '`moved` for a change of status, or what somebody did: `environment.rolled_back`, `deployment.pinned`, …',
      ),
    from_status: z
      .enum(deploymentStatuses)
      .nullable()
      .describe('The status before; null when it was queued, and for what is not a change of status.'),
    to_status: z
      .enum(deploymentStatuses)
      .nullable()
      .describe('The status after; null for what is not a change of status.'),
    by: z.string().describe('Who did it: a function of the platform, or the id of a user or a deploy hook.'),
    note: z.string().nullable().describe('More about it; null when there is nothing to add.'),
    request_id: z.string().describe('The request that did it, as in `X-Request-Id`.'),
    created_at: shownTime.describe('When it happened.'),
  })
  .meta({ id: 'DeploymentEvent', description: 'One thing that happened to a deployment.' });
export type DeploymentEvent = z.output<typeof deploymentEvent>;

export const listDeploymentEvents = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/deployments/{deployment}/events',
  summary: 'Lists what happened to a deployment, oldest first.',
  tag: 'deployments',
  access: 'deployments:read',
  params: ofDeployment,
  query: pageQuery,
  body: null,
  output: z.array(deploymentEvent),
  status: 200,
  paginated: true,
  errors: ['not_found'],
});

/** The data of an event `status`. */
export const deploymentProgress = z
  .strictObject({
    status: z.enum(deploymentStatuses).describe('The status of the deployment.'),
    attempt,
    reason: z.string().nullable().describe('Why it failed or was cancelled, for a program; null otherwise.'),
    reason_message: z.string().nullable().describe('The reason as a sentence; null without a reason.'),
  })
  .meta({ id: 'DeploymentProgress', description: 'The data of a `status` event: how far a deployment is.' });

export const streamDeploymentLogs = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/deployments/{deployment}/logs/stream',
  summary:
    'Streams the build log as server-sent events: `log` for every new piece, `status` at the beginning and on every change, `end` when nothing more will come. `Last-Event-ID` continues an interrupted stream.',
  tag: 'deployments',
  access: 'deployments:read',
  params: ofDeployment,
  query: noQuery,
  headers: resumable,
  body: null,
  answers: 'events',
  output: z.union([logEntry, deploymentProgress]),
  status: 200,
  paginated: false,
  errors: ['not_found', 'resync', 'log_store_unavailable'],
});
