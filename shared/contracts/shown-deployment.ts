import * as z from 'zod';
import { shownTime } from './shown-time.ts';

/** The statuses of a deployment, in their usual order. */
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

export const shownAttempt = z
  .int()
  .describe('Which attempt to build it this is, from 1; 0 before the first has begun.');

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
    attempt: shownAttempt,
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
