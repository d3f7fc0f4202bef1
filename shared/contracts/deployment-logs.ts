import * as z from 'zod';
import { endpoint } from './endpoint.ts';
import { noQuery, pageLimit, pageQuery } from './pagination.ts';
import { ofDeployment } from './path-params.ts';
import { resumable } from './preconditions.ts';
import { deploymentStatuses, shownAttempt } from './shown-deployment.ts';
import { shownTime } from './shown-time.ts';

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

export const logEntry = z
  .strictObject({
    at: shownTime.describe('When it was written.'),
    attempt: z.int().describe('The build attempt that wrote it, from 1.'),
    text: z.string().describe('What was written: one or more lines.'),
  })
  .meta({ id: 'LogEntry', description: 'A piece of a build log.' });

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

/** The data of an event `status`. */
export const deploymentProgress = z
  .strictObject({
    status: z.enum(deploymentStatuses).describe('The status of the deployment.'),
    attempt: shownAttempt,
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
