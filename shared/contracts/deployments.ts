import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { pageQuery } from './pagination.ts';

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

export const deploymentTriggers = ['push', 'import', 'manual', 'redeploy', 'reconcile'] as const;

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
  trigger: z.enum(deploymentTriggers),
  branch: z.string(),
  commit_sha: z.string(),
  commit_message: z.string().nullable(),
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

const ofProject = z.strictObject({ project: z.string().max(64) });
const ofDeployment = z.strictObject({ project: z.string().max(64), deployment: z.string().max(64) });

export const listDeployments = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/deployments',
  summary: 'The deployments of a project, newest first.',
  tag: 'deployments',
  access: 'deployments:read',
  params: ofProject,
  query: pageQuery,
  body: null,
  output: z.array(deployment),
  status: 200,
  paginated: true,
  errors: ['not_found'],
});

export const getDeployment = endpoint({
  method: 'GET',
  path: '/api/v1/projects/{project}/deployments/{deployment}',
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
