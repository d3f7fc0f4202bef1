import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noQuery, pageQuery } from './pagination.ts';
import { resumable } from './preconditions.ts';

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

const time = z.iso.datetime();

export const deployment = z.strictObject({
  id: z.string(),
  project_id: z.string(),
  environment: z.string(),
  status: z.enum(deploymentStatuses),
  /** Why it failed, was cancelled or is not shown: `build_failed`, `superseded`, … */
  reason: z.string().nullable(),
  /** The same for a person. */
  reason_message: z.string().nullable(),
  /** Whether the environment shows this deployment. */
  current: z.boolean(),
  /** Whether it is kept however old it gets. */
  pinned: z.boolean(),
  trigger: z.enum(deploymentTriggers),
  /** Null for what was uploaded, as the commit: neither came from the code host. */
  branch: z.string().nullable(),
  commit_sha: z.string().nullable(),
  /** Of an upload: what its uploader says about it. */
  commit_message: z.string().nullable(),
  /** Of an upload: who uploaded it. */
  commit_author: z.string().nullable(),
  /** Where the environment is seen. */
  url: z.url(),
  /** While it waits for a build: 1 is next. */
  queue_position: z.int().nullable(),
  attempt: z.int(),
  files: z.int().nullable(),
  bytes: z.int().nullable(),
  build_seconds: z.number().nullable(),
  created_at: time,
  activated_at: time.nullable(),
  /** Every hostname was written and read back. */
  published_at: time.nullable(),
  /** It was seen at its address although every edge had had the time to learn of it: minutes after `published_at`. */
  live_everywhere_at: time.nullable(),
  finished_at: time.nullable(),
});
z.globalRegistry.add(deployment, { id: 'Deployment' });
export type Deployment = z.output<typeof deployment>;

export const logEntry = z.strictObject({ at: time, attempt: z.int(), text: z.string() });
z.globalRegistry.add(logEntry, { id: 'LogEntry' });

const commitSha = z.string().regex(/^[0-9a-f]{40}$/, 'must be a whole commit id: 40 characters');

const ofProject = z.strictObject({ project: z.string().max(64) });
const ofDeployment = z.strictObject({ project: z.string().max(64), deployment: z.string().max(64) });

export const listDeployments = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/deployments',
  aliases: ['/api/v1/public/projects/{project}/deployments'],
  summary: 'The deployments of a project, newest first, narrowed to what the query names.',
  tag: 'deployments',
  access: 'deployments:read',
  params: ofProject,
  query: pageQuery.extend({
    /** By name. */
    environment: z.string().max(64).optional(),
    status: z.enum(deploymentStatuses).optional(),
    branch: z.string().max(255).optional(),
    commit: commitSha.optional(),
    trigger: z.enum(deploymentTriggers).optional(),
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
  summary: 'One deployment.',
  tag: 'deployments',
  access: 'deployments:read',
  params: ofDeployment,
  query: z.strictObject({}),
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
  summary: 'Stops a deployment that has not begun to go live.',
  tag: 'deployments',
  access: 'deployments:deploy',
  params: ofDeployment,
  query: z.strictObject({}),
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
  summary: 'The build log of a deployment, oldest first; `meta.next_cursor` continues where this page ends.',
  tag: 'deployments',
  access: 'deployments:read',
  params: ofDeployment,
  query: pageQuery.extend({ limit: z.coerce.number().int().min(1).max(1000).default(200) }),
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
    'Deploys the head of a branch, or a commit. Unless told otherwise: the head of the branch of the environment, and the environment that follows the branch, else production.',
  tag: 'deployments',
  access: 'deployments:deploy',
  cost: 'expensive',
  params: ofProject,
  query: noQuery,
  body: z
    .strictObject({
      /** By name. */
      environment: z.string().max(64).optional(),
      branch: z.string().min(1).max(255).optional(),
      commit_sha: commitSha.optional(),
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
    'branch_not_found',
    'commit_not_found',
    'repository_not_found',
    'code_host_unavailable',
    'code_host_unauthorized',
  ],
});

/** A folder is to be uploaded for a deployment, by who has the ticket. */
const prebuiltDeployment = z.strictObject({
  deployment,
  /** How its files come: the uploader is the runner of this attempt, and speaks the protocol of `build-job.ts` at this address. */
  upload: z.strictObject({
    callback_url: z.url(),
    attempt: z.int(),
    /** Redeemed once. In this answer, and never again. */
    ticket: z.string(),
  }),
});
z.globalRegistry.add(prebuiltDeployment, { id: 'PrebuiltDeployment' });

export const createPrebuiltDeployment = endpoint({
  method: 'POST',
  path: '/api/v1/projects/{project}/deployments/prebuilt',
  summary:
    'Deploys a folder of yours as it is, without a build: answers with the ticket that uploads its files, as `miaobu deploy <folder>` does. It is in the order of deployments from now on, and fails unless the upload begins within ten minutes.',
  tag: 'deployments',
  access: 'deployments:deploy',
  cost: 'expensive',
  params: ofProject,
  query: noQuery,
  body: z.strictObject({
    /** By name. */
    environment: z.string().max(64).default('production'),
    /** What it is, for the list of deployments. */
    message: z.string().trim().min(1).max(1000).optional(),
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
    'Builds the commit of a deployment once more, with the settings and variables of now. What was uploaded has none: 409.',
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
  summary:
    'Shows a complete deployment in its environment, without building anything. What is built afterwards goes live by itself (again).',
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
  summary: 'Keeps a complete deployment however old it gets, so that it can always be gone back to.',
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
  summary: 'Lets a deployment go when its time comes, like any other.',
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

/** One thing that happened to a deployment. */
export const deploymentEvent = z.strictObject({
  id: z.string(),
  /** `moved` from a status to another, or what somebody did: `environment.rolled_back`, `deployment.pinned`, … */
  kind: z.string(),
  from_status: z.enum(deploymentStatuses).nullable(),
  to_status: z.enum(deploymentStatuses).nullable(),
  /** A function of the platform, or the id of a user or a deploy hook. */
  by: z.string(),
  note: z.string().nullable(),
  request_id: z.string(),
  created_at: time,
});
z.globalRegistry.add(deploymentEvent, { id: 'DeploymentEvent' });
export type DeploymentEvent = z.output<typeof deploymentEvent>;

export const listDeploymentEvents = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/deployments/{deployment}/events',
  summary: 'What happened to a deployment, oldest first.',
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
export const deploymentProgress = z.strictObject({
  status: z.enum(deploymentStatuses),
  attempt: z.int(),
  reason: z.string().nullable(),
  reason_message: z.string().nullable(),
});

export const streamDeploymentLogs = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/deployments/{deployment}/logs/stream',
  summary:
    'The build log as it comes: an event `log` for every piece, `status` at the beginning and whenever it changes, `end` when there will be no more. Whoever comes back with `Last-Event-ID` goes on where they were.',
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
